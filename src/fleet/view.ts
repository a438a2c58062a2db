/**
 * What a process knows of the fleet's users: the window and the tokens that the store told last, and what the process has decided
 * since. It lies in a limiter of the process's own, so an idle user costs what one costs there. Two things come of it:
 *
 * - **A user denied until T is not asked about again before T**: the store can only have learnt of more requests since.
 * - **Decisions without asking**, by report and adopt: the process admits while its view is below the limit, and while fewer than
 *   `allowance` of its own admissions are unknown to the store. `docs/fleet.md` has the bound that follows, and why.
 */
import type { Decision, Limiter, LimiterOptions, Quota } from '../limiter/index.js'
import { createLimiter, flat, optionsFor, TICKS } from '../limiter/index.js'
import type { UserRecord } from '../limiter/user-record.js'
import { addPlace, ticksAt, writeUser } from '../limiter/user-record.js'
import type { FleetSettings } from './options.js'
import type { Answer } from './store.js'
import { Unreported } from './unreported.js'

/** Milliseconds for which what nobody touches is kept at least: the window, or this. */
const LEAST_PERIOD_MS = 1000

/** Users looked at for each that comes: more than one, so that those who have gone are found while others come. */
const LOOKS = 2

/** So long after its deadline, a store does nothing about a question any more: what it told is as good as untold. */
const ABANDONED_MS = 2000

export class View {
  readonly limiter: Limiter
  /** For answers that the view must not keep. Made on first use. */
  #aside: Limiter | undefined
  readonly #quota: Quota
  readonly #allowance: number
  readonly #paceMs: number
  readonly #periodMs: number
  readonly #most: number
  readonly #abandonMs: number
  readonly #mustTell: (user: Unreported) => void
  /** Users with something unreported, and some who had. */
  readonly #users = new Map<string, Unreported>()
  /** Goes over them, a few at a time: a look at all of them at once would be a pause. */
  #walk = this.#users.values()
  /** The reading of the clock that all of this is about. */
  now: number
  /** The reading at which the limit would have begun. */
  #beginning: number

  /** @param mustTell is given a user whom nobody touched for long, and of whom the store has to learn something */
  constructor({ quota, allowance, maxUsers, clock, timeoutMs }: FleetSettings, mustTell: (user: Unreported) => void) {
    this.#quota = quota
    this.#allowance = allowance
    this.#paceMs = quota.windowMs / quota.limit
    this.#periodMs = Math.max(LEAST_PERIOD_MS, quota.windowMs * (1 + 2 / TICKS))
    this.#abandonMs = timeoutMs + ABANDONED_MS
    this.#mustTell = mustTell
    this.now = clock()
    this.#beginning = this.now
    this.limiter = this.#limiterOf({ maxUsers })
    this.#most = this.limiter.stats().maxUsers
  }

  /** Tells how long ago the limit began, which users never seen have tokens by. */
  begin(ageMs: number): void {
    // Not later than what was decided by: time would run backwards. A store that began anew is younger than the process.
    this.#beginning = Math.min(this.#beginning, this.now - ageMs)
  }

  /** What is unreported of a user. */
  find(userId: string): Unreported | undefined {
    const user = this.#users.get(userId)
    if (user === undefined) return undefined
    if (user.told.length > 0) user.abandon(this.now - this.#abandonMs)
    user.touched = this.now
    return user
  }

  /** The same, made if there is none. */
  open(userId: string): Unreported {
    const found = this.find(userId)
    if (found !== undefined) return found
    for (let look = 0; look < LOOKS; look++) this.#look()
    const user = new Unreported(flat(userId), this.now)
    this.#users.set(userId, user)
    return user
  }

  forget(userId: string): void {
    this.#users.delete(userId)
    this.limiter.reset(userId)
  }

  /** Notes that a user asked and was denied, where that matters: for tokens. */
  noteDenied(userId: string): void {
    if (this.#quota.capacity > 0) this.#deny(this.open(userId))
  }

  /** Whether a request may be admitted as far as unreported ones go. */
  hasAllowance(user: Unreported, cost: number): boolean {
    if (user.held + cost <= this.#allowance) return true
    user.trim(this.now - this.#quota.windowMs)
    return user.held + cost <= this.#allowance
  }

  /** Decides without asking: whether it is admitted. */
  admits(user: Unreported, cost: number, limit: number): boolean {
    if (!this.hasAllowance(user, cost)) return this.#deny(user)
    const { userId } = user
    const isWhole = limit === this.#quota.limit
    if (this.#quota.capacity > 0 && (user.sure < cost || !isWhole)) {
      return this.decide(user, cost, limit).allowed
    }
    if (!this.limiter.isAllowed(userId, isWhole ? cost : { cost, limit })) return this.#deny(user)
    user.sure -= cost
    this.#take(user, cost, 0)
    return true
  }

  /** Decides like `admits`, for a user with allowance, and tells all about it. */
  decide(user: Unreported, cost: number, limit: number): Decision {
    const decision = this.limiter.check(user.userId, { cost, limit })
    if (limit === this.#quota.limit) user.sure = decision.remaining
    if (decision.allowed) this.#take(user, cost - decision.fromBurst, decision.fromBurst)
    else this.#deny(user)
    return decision
  }

  /** What an answer to `peek` comes to. It is told as if the user had asked, so the view must not have it. */
  peek(userId: string, answer: Answer, cost: number, limit: number): Decision {
    this.#aside ??= this.#limiterOf({ maxUsers: 1, sweepIntervalMs: 0 })
    writeUser(this.#aside, userId, answer.record())
    return this.#aside.peek(userId, { cost, limit })
  }

  /** Takes over what the store knows, with what it does not know yet. */
  adopt(userId: string, answer: Answer): void {
    const user = this.find(userId)
    // Answers may overtake each other. By more than a window they do not: then the store's clock was set back.
    const behindMs = (user?.knownAt ?? -Infinity) - answer.atMs
    if (behindMs > 0 && behindMs < this.#quota.windowMs) return
    const record = answer.record()
    let own = 0
    if (user !== undefined) {
      user.knownAt = answer.atMs
      const unknown = [...user.told.flatMap(({ places }) => places), ...user.places]
      own = this.#add(record, unknown)
      for (const { spent } of [user, ...user.told]) record.tokens -= 1000 * spent
      const last = Math.max(user.last || -Infinity, ...user.told.map((told) => told.last || -Infinity))
      record.idleMs = Math.min(record.idleMs, this.now - last)
      user.sure = Math.max(0, this.#quota.limit - answer.taken - own)
    }
    writeUser(this.limiter, userId, record)
  }

  #limiterOf(options: LimiterOptions): Limiter {
    return createLimiter({ ...optionsFor(this.#quota), ...options, clock: () => this.now - this.#beginning })
  }

  #take(user: Unreported, base: number, tokens: number): void {
    for (let place = 0; place < base; place++) user.places.push(this.now)
    user.spent += tokens
    if (this.#quota.capacity > 0) user.note(this.now, this.#paceMs)
  }

  #deny(user: Unreported): false {
    if (this.#quota.capacity > 0) {
      user.note(this.now, this.#paceMs)
      user.wasDenied = true
    }
    return false
  }

  /** Adds places that the process took to those of a record. Gives how many of them are in the window. */
  #add(record: UserRecord, places: readonly number[]): number {
    const tick = Math.floor(this.#ticksAt(this.now))
    let added = 0
    for (const place of places) {
      const age = tick - Math.ceil(this.#ticksAt(place))
      if (age >= TICKS) continue
      added++
      addPlace(record, age)
    }
    return added
  }

  #ticksAt(reading: number): number {
    return ticksAt(reading - this.#beginning, this.#quota.windowMs)
  }

  /** Looks at the next user, and forgets one whom nobody touched for so long that all places have left the window. */
  #look(): void {
    let { value: user } = this.#walk.next()
    if (user === undefined) {
      this.#walk = this.#users.values()
      user = this.#walk.next().value
      if (user === undefined) return
    }
    // More than there may be: then somebody is forgotten, whatever is unreported.
    const isFull = this.#users.size >= this.#most
    if (!isFull && this.now - user.touched < this.#periodMs) return
    user.abandon(this.now - this.#abandonMs)
    if (!isFull && user.told.length > 0) return
    if (!isFull && (user.spent > 0 || user.wasDenied)) this.#mustTell(user)
    else this.#users.delete(user.userId)
  }
}
