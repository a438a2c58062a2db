/**
 * The store of a fleet in one process: what `FleetStore` promises, at once. Each limit lies in an ordinary limiter, whose verbs
 * decide, so its rules are the core's own. Two things a limiter does not do by itself:
 *
 * - **What a process did meanwhile**, which is applied to the user's record before the verb, as `redis/script.ts` applies it.
 * - **Debt.** Processes may have spent more tokens than there were. The core knows no tokens below none, so what is missing is
 *   kept beside it, for the few users who owe some, and paid by what they earn.
 *
 * All of a question is about one reading of the clock.
 */
import type { Clock, Limiter, Quota } from '../../limiter/index.js'
import { createLimiter, optionsFor, systemClock, TICKS } from '../../limiter/index.js'
import type { UserRecord } from '../../limiter/user-record.js'
import { addPlace, readUser, ticksAt, writeUser } from '../../limiter/user-record.js'
import type { Activity, Answer, Question, SharedLimit, Verb } from '../store.js'
import { RefusedError } from '../store.js'
import type { Reply } from './reply.js'

/** Limits that a ledger keeps at most: names come from configuration, not from users, and each takes address space. */
const MOST_LIMITS = 1000

/** Users of one limit of whom a debt is remembered at most. */
const MOST_DEBTORS = 100_000

const QUOTA_NAMES = ['limit', 'windowMs', 'capacity', 'refillPerSecond'] as const satisfies (keyof Quota)[]

/** What is asked of a ledger about one user: a question without its deadline. */
type LedgerQuestion = Omit<Question, 'usefulMs'>

/** Options of a ledger. */
interface LedgerOptions {
  readonly maxUsers?: number | undefined
  readonly clock?: Clock | undefined
}

export class Ledger {
  readonly #maxUsers: number | undefined
  readonly #clock: Clock
  readonly #accounts = new Map<string, Account>()

  constructor({ maxUsers, clock = systemClock }: LedgerOptions = {}) {
    this.#maxUsers = maxUsers
    this.#clock = clock
  }

  /** Begins a limit, or finds it begun. Gives milliseconds since. */
  begin(limit: SharedLimit): number {
    return this.#account(limit).ageMs
  }

  ask(limit: SharedLimit, question: LedgerQuestion): Reply {
    return this.#account(limit).ask(question)
  }

  reset(limit: SharedLimit, userId: string): void {
    this.#account(limit).reset(userId)
  }

  /** How many users it keeps, of all limits. */
  get users(): number {
    let users = 0
    for (const account of this.#accounts.values()) users += account.users
    return users
  }

  close(): void {
    for (const account of this.#accounts.values()) account.close()
    this.#accounts.clear()
  }

  #account({ name, quota }: SharedLimit): Account {
    const key = `${quota.windowMs} ${name}`
    let account = this.#accounts.get(key)
    if (account === undefined) {
      if (this.#accounts.size >= MOST_LIMITS) throw new RefusedError(`There are ${MOST_LIMITS} limits already`)
      account = new Account(quota, this.#maxUsers, this.#clock)
      this.#accounts.set(key, account)
    }
    const begun = account.quota
    const differs = QUOTA_NAMES.find((of) => begun[of] !== quota[of])
    if (differs === undefined) return account
    throw new RefusedError(
      `The limit '${name}' has ${differs} ${begun[differs]} in the store, not ${quota[differs]}: all processes must give it the same`,
    )
  }
}

/** One limit. Times in it are milliseconds since its beginning. */
class Account {
  readonly quota: Quota
  readonly #limiter: Limiter
  /** For answers about users as nobody keeps them. Made on first use. */
  #aside: Limiter | undefined
  readonly #clock: Clock
  readonly #beginning: number
  readonly #paceMs: number
  /** When the present question is put; NaN between questions. */
  #present = Number.NaN
  /** The highest time so far. */
  #latest = 0
  /** Thousandths of tokens that users owe, those first who have owed for longest. */
  readonly #debts = new Map<string, number>()

  constructor(quota: Quota, maxUsers: number | undefined, clock: Clock) {
    this.#clock = clock
    this.#beginning = clock()
    this.#limiter = this.#begin(quota, { maxUsers })
    this.quota = this.#limiter.quota
    this.#paceMs = quota.windowMs / quota.limit
  }

  get ageMs(): number {
    return this.#time()
  }

  get users(): number {
    return this.#limiter.stats().users
  }

  reset(userId: string): void {
    this.#limiter.reset(userId)
    this.#debts.delete(userId)
  }

  close(): void {
    this.#limiter.close()
    this.#aside?.close()
  }

  ask(question: LedgerQuestion): Reply {
    this.#present = this.#time()
    try {
      const { activity, userId } = question
      const hasActivity = activity.firstMs >= 0 || activity.spent > 0 || activity.placesMs.length > 0
      if (hasActivity || this.#debts.has(userId)) return this.#askWith(activity, question)
      return this.#perform(this.#limiter, question, 0)
    } finally {
      this.#present = Number.NaN
    }
  }

  /** Makes a limiter that began when the limit did. */
  #begin(quota: Quota, options: { maxUsers: number | undefined; sweepIntervalMs?: number }): Limiter {
    const present = this.#present
    this.#present = 0
    const limiter = createLimiter({ ...optionsFor(quota), ...options, clock: () => this.#time() })
    this.#present = present
    return limiter
  }

  /** Answers a question about a user whose record has to change first. */
  #askWith(activity: Activity, question: LedgerQuestion): Reply {
    const { verb, userId, a } = question
    let { b } = question
    const found = this.#read(this.#limiter, userId)
    // Whoever is kept no more owes nothing more.
    if (found !== undefined) found.tokens -= this.#debts.get(userId) ?? 0
    const record = this.#after(activity, found)
    const isRequest = verb === 'decide' || verb === 'peek' || verb === 'charge' || verb === 'block'
    if (record.tokens < 0 && isRequest && record.blockedMs === 0) this.#ask(record)
    if (record.tokens < 0 && verb === 'refund') {
      record.tokens += Math.min(b * 1000, Math.max(0, this.#unseenAt(this.#present - record.idleMs) - record.tokens))
      b = 0
    }
    const debt = Math.max(0, -record.tokens)
    if (verb === 'peek') {
      this.#aside ??= this.#begin(this.quota, { maxUsers: 1, sweepIntervalMs: 0 })
      this.#write(this.#aside, userId, record)
      const reply = this.#perform(this.#aside, question, debt)
      this.#aside.reset(userId)
      return reply
    }
    this.#write(this.#limiter, userId, record)
    this.#remember(userId, debt)
    return this.#perform(this.#limiter, { verb, userId, a, b }, debt)
  }

  #perform(limiter: Limiter, question: Omit<LedgerQuestion, 'activity'>, debt: number): Reply {
    const { verb, userId } = question
    const [verdict, places] = perform(limiter, question)
    const record = this.#read(limiter, userId) ?? this.#unseen()
    if (verb === 'peek' && record.blockedMs === 0) this.#ask(record)
    if (debt > 0) record.tokens = Math.min(record.tokens, 0) - debt
    return { verdict, places, atMs: this.#present, record }
  }

  /** A user's record after what a process did meanwhile: `redis/script.ts`, step by step. */
  #after({ firstMs, lastMs, earnedMs, spent, placesMs }: Activity, found: UserRecord | undefined): UserRecord {
    const { capacity, refillPerSecond, windowMs } = this.quota
    const now = this.#present
    const record = found ?? this.#unseen()
    let last = found === undefined && firstMs >= 0 ? -1 : now - record.idleMs
    if (firstMs >= 0) {
      const isNext = now - firstMs >= last
      const from = Math.max(now - firstMs, last)
      if (record.blockedMs === 0) {
        record.tokens = found === undefined ? this.#unseenAt(from) : this.#earned(record.tokens, from - last)
        if (isNext) record.tokens = Math.min(capacity * 1000, record.tokens + earnedMs * refillPerSecond)
      }
      last = Math.max(from, now - lastMs)
    }
    record.tokens -= spent * 1000
    const ticks = ticksAt(now, windowMs)
    for (const ms of placesMs) {
      const time = Math.min(now, now - ms)
      const age = Math.floor(ticks) - Math.ceil(ticksAt(time, windowMs))
      if (age < TICKS) addPlace(record, age)
      // Whoever took a place asked for it: a process without tokens does not say when.
      last = Math.max(last, time)
    }
    record.idleMs = now - Math.max(0, Math.min(now, last))
    return record
  }

  /** What is kept of a user, its tokens as a number; undefined if nothing is. */
  #read(limiter: Limiter, userId: string): UserRecord | undefined {
    // Ends a block that is over: a record does not tell when it ended, and tokens are earned from then on.
    limiter.refund(userId, 0, 0)
    const record = readUser(limiter, userId)
    if (record?.tokens === Infinity) record.tokens = this.#unseenAt(this.#present - record.idleMs)
    return record
  }

  #write(limiter: Limiter, userId: string, record: UserRecord): void {
    // Tells the core the time, later than which it lets nobody have asked.
    limiter.unblock(userId)
    // Rounding may put the last request before the tick of its own place, which the core refuses: then it was just now.
    for (const idleMs of [record.idleMs, 0]) {
      const unseen = this.#unseenAt(this.#present - idleMs)
      const tokens = record.tokens >= unseen ? Infinity : record.tokens
      if (writeUser(limiter, userId, { ...record, idleMs, tokens })) return
    }
    throw new RefusedError(NO_ROOM)
  }

  #remember(userId: string, debt: number): void {
    this.#debts.delete(userId)
    if (debt === 0) return
    this.#debts.set(userId, debt)
    if (this.#debts.size <= MOST_DEBTORS) return
    const [longest] = this.#debts.keys()
    this.#debts.delete(longest)
  }

  /** Brings a record to a request now. */
  #ask(record: UserRecord): void {
    record.tokens = this.#earned(record.tokens, record.idleMs)
    record.idleMs = 0
  }

  #earned(tokens: number, gapMs: number): number {
    const { capacity, refillPerSecond } = this.quota
    return gapMs > this.#paceMs ? Math.min(capacity * 1000, tokens + gapMs * refillPerSecond) : tokens
  }

  /** A user of whom nothing is kept. */
  #unseen(): UserRecord {
    const now = this.#present
    const ticks = ticksAt(now, this.quota.windowMs)
    const fraction = ticks - Math.floor(ticks)
    return { idleMs: 0, tokens: this.#unseenAt(now), blockedMs: 0, ages: [], counts: undefined, fraction }
  }

  #unseenAt(time: number): number {
    return Math.min(this.quota.capacity * 1000, Math.max(0, time) * this.quota.refillPerSecond)
  }

  /** Time never runs backwards, and stands still during a question. */
  #time(): number {
    if (!Number.isNaN(this.#present)) return this.#present
    this.#latest = Math.max(this.#latest, this.#clock() - this.#beginning)
    return this.#latest
  }
}

const NO_ROOM = 'The store has no room for the user'

/** Has a limiter do what is asked. Gives the verdict, and the places that the answer tells. */
function perform(
  limiter: Limiter,
  { verb, userId, a, b }: { verb: Verb; userId: string; a: number; b: number },
): [Answer['verdict'], number] {
  switch (verb) {
    case 'decide':
    case 'peek': {
      const { allowed, fromBurst, reason } = limiter[verb === 'peek' ? 'peek' : 'check'](userId, { cost: a, limit: b })
      return [allowed ? 'admitted' : reason === 'blocked' ? 'blocked' : 'limit', allowed ? fromBurst : 0]
    }
    case 'charge':
      return ['admitted', limiter.charge(userId, a)]
    case 'block':
      if (!limiter.block(userId, a)) throw new RefusedError(NO_ROOM)
      return ['blocked', 0]
    case 'refund':
      limiter.refund(userId, a + b, b)
      return ['admitted', 0]
    case 'unblock':
      limiter.unblock(userId)
      return ['admitted', 0]
    case 'report':
      return ['admitted', 0]
  }
}
