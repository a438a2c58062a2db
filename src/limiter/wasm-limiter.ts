/** The limiter of one thread: the interface's verbs, over an instance of the core. */
import { ADMITTED, ADMITTED_AT, BURST_REMAINING, EMPTY_AT, FROM_BURST, JOINED, REASON, REMAINING } from './abi.js'
import { LATEST_MS } from './clock.js'
import { Core } from './core.js'
import type { CoreModule } from './core-module.js'
import type { Decision, DenialReason } from './decision.js'
import type { Limiter, LimiterStats, RequestOptions } from './limiter.js'
import type { Member } from './member.js'
import { MEMBER } from './member.js'
import type { Settings } from './options.js'
import type { Quota } from './quota.js'
import { QUOTA_RANGES } from './quota.js'
import { checkCost, checkLimit } from './request.js'
import { readSnapshot, writeSnapshot } from './snapshot.js'
import type { SweepTarget } from './sweeper.js'
import { Sweeper } from './sweeper.js'
import { countsOf, Users } from './users.js'
import type { Range } from './validation.js'
import { checkId, checkNames, checkNumber, describe } from './validation.js'

/** By the number that the core reports. */
const REASON_NAMES: readonly (DenialReason | undefined)[] = [undefined, 'limit', 'full', 'blocked']

const REQUEST_NAMES = Object.keys({ cost: true, limit: true } satisfies Record<keyof RequestOptions, true>)

/** What was taken and may be given back, or turned out to be so: at most what any limiter has. */
const AFTERWARDS: Range = { from: 0, to: QUOTA_RANGES.limit.to + QUOTA_RANGES.capacity.to, whole: true }

/** Methods are fields, so that they can be used detached from the limiter. */
export class WasmLimiter implements Limiter {
  readonly quota: Quota
  readonly #settings: Settings
  /** The limit of requests that have none of their own. */
  readonly #limit: number
  /** The reading of the clock at loading, or, with a snapshot, the one that there would have been. */
  readonly #origin: number
  /** An instance that has no memory yet; undefined once the first user was asked about, or the limiter is closed. */
  #unused: Core | undefined
  /** Undefined before the first user is asked about, and once the limiter is closed. */
  #users: Users | undefined
  #sweeper: Sweeper | undefined
  /** Held here and nowhere else, so that it is collected with the limiter. */
  #sweepTarget: SweepTarget | undefined
  #member: Member | undefined

  constructor(module: CoreModule, settings: Settings, snapshot: Uint8Array | undefined) {
    this.#settings = settings
    // Frozen, since it is what every request is judged by.
    this.quota = Object.freeze(settings.quota)
    this.#limit = settings.quota.limit
    const reading = settings.clock()
    checkReading(reading, reading)
    warmUp(module, settings)
    if (snapshot === undefined) {
      this.#origin = reading
      this.#unused = new Core(module, settings)
    } else {
      const core = readSnapshot(snapshot, module, settings, reading)
      this.#origin = core.origin
      this.#decideBy(core)
      if (core.abi.userCount() > 0) this.#sweeper?.attend(JOINED)
    }
  }

  readonly isAllowed = (userId: string, request: number | RequestOptions = 1): boolean => {
    let cost = 1
    let limit = this.#limit
    if (request !== 1) ({ cost, limit } = this.#read(request))
    const reading = this.#reading()
    const users = this.#users ?? this.#open(userId)
    const slot = users.slotOf(userId)
    const verdict = users.core.abi.decide(slot, reading, cost, limit)
    if (verdict > ADMITTED) this.#sweeper?.attend(verdict)
    return (verdict & ADMITTED) !== 0
  }

  readonly check = (userId: string, request: number | RequestOptions = 1): Decision =>
    this.#answer('check', userId, request)

  readonly peek = (userId: string, request: number | RequestOptions = 1): Decision =>
    this.#answer('peek', userId, request)

  readonly refund = (userId: string, cost = 1, fromBurst = 0): void => {
    checkNumber('cost', cost, AFTERWARDS)
    checkNumber('fromBurst', fromBurst, { from: 0, to: cost, whole: true })
    this.#call('refund', userId, cost - fromBurst, fromBurst)
  }

  readonly charge = (userId: string, cost: number): number => {
    checkNumber('cost', cost, AFTERWARDS)
    return this.#call('charge', userId, cost)
  }

  readonly block = (userId: string, ms: number): boolean => {
    checkNumber('ms', ms, { from: 1, to: Infinity })
    return this.#call('block', userId, ms) !== 0
  }

  readonly unblock = (userId: string): void => {
    this.#call('unblock', userId)
  }

  readonly clear = (): void => {
    if (this.#users === undefined) this.#checkOpen()
    else this.#users.clear()
  }

  readonly getBurstAllowance = (userId: string): number => this.#call('tokens', userId)

  readonly reset = (userId: string): void => {
    this.#call('reset', userId)
  }

  readonly sweep = (): number => {
    const reading = this.#reading()
    const users = this.#users ?? this.#open()
    const before = users.statistics().swept
    users.sweepAll(reading)
    return users.statistics().swept - before
  }

  readonly snapshot = (): Uint8Array<ArrayBuffer> => {
    const reading = this.#reading()
    const users = this.#users ?? this.#open()
    return writeSnapshot(users.cores, this.quota, Math.max(reading - this.#origin, users.core.statistics().latest))
  }

  readonly stats = (): LimiterStats => {
    const { maxUsers } = this.#settings
    if (this.#users === undefined) this.#checkOpen()
    const statistics = this.#users?.statistics()
    const { users = 0, memoryBytes = 0 } = statistics ?? {}
    return { users, maxUsers, memoryBytes, ...countsOf(statistics) }
  }

  readonly close = (): void => {
    this.#sweeper?.stop()
    this.#unused = undefined
    this.#users = undefined
    this.#sweeper = undefined
    this.#sweepTarget = undefined
  };

  [Symbol.dispose](): void {
    this.close()
  }

  /** For `checkTogether`. Made on first use, since most limiters decide alone. */
  get [MEMBER](): Member {
    this.#member ??= {
      settings: this.#settings,
      reading: this.#reading.bind(this),
      open: (userId) => this.#users ?? this.#open(userId),
      report: this.#report.bind(this),
      attend: (bits) => this.#sweeper?.attend(bits),
    }
    return this.#member
  }

  /** Reads the clock: before anything else, since the clock is the user's, and may call this limiter itself. */
  #reading(reading = this.#settings.clock()): number {
    return checkReading(reading, this.#origin)
  }

  #checkOpen(): Core {
    if (this.#unused === undefined) throw new Error('The limiter is closed')
    return this.#unused
  }

  /** Takes memory, when the first user is asked about, if `userId` is one. */
  #open(userId = ''): Users {
    const core = this.#checkOpen()
    checkId(userId)
    return this.#decideBy(core.start(this.#origin))
  }

  #decideBy(core: Core): Users {
    const users = new Users(core, this.#settings)
    const { sweepIntervalMs } = this.#settings
    if (sweepIntervalMs > 0) {
      this.#sweepTarget = {
        sweepPages: (pages) => users.sweep(pages, this.#reading()),
        countPages: () => users.pages,
        now: () => this.#reading() - this.#origin,
        nextStaleAt: () => users.statistics().nextStaleAt,
        growAhead: () => users.core.abi.growAhead(),
        listenFor: (bits) => users.listenFor(bits),
      }
      this.#sweeper = new Sweeper(this.#sweepTarget, sweepIntervalMs)
    }
    this.#unused = undefined
    this.#users = users
    return users
  }

  /** Checks what a request asks for, and fills in the defaults. Own properties count. */
  #read(request: number | RequestOptions): { cost: number; limit: number } {
    const { quota } = this
    if (typeof request !== 'object') return { cost: checkCost(quota, request), limit: quota.limit }
    checkNames('request', request, REQUEST_NAMES)
    const { cost, limit }: RequestOptions = { __proto__: null, ...request } as RequestOptions
    return { cost: checkCost(quota, cost), limit: checkLimit(quota, limit) }
  }

  /** Has the core do something about a user, and gives what that gives. */
  #call(name: 'refund' | 'charge' | 'block' | 'unblock' | 'tokens' | 'reset', userId: string, a = 0, b = 0): number {
    const reading = this.#reading()
    const users = this.#users ?? this.#open(userId)
    const result = users.core.abi[name](users.slotOf(userId), reading, a, b) as number
    this.#sweeper?.attend(users.core.abi.wanted())
    return result
  }

  #answer(call: 'check' | 'peek', userId: string, request: number | RequestOptions): Decision {
    let cost = 1
    let limit = this.#limit
    if (request !== 1) ({ cost, limit } = this.#read(request))
    const reading = this.#reading()
    const users = this.#users ?? this.#open(userId)
    return this.#report(call, users, users.slotOf(userId), reading, cost, limit)
  }

  #report(call: 'check' | 'peek', users: Users, slot: number, reading: number, cost: number, limit: number): Decision {
    const verdict = users.core.abi[call](slot, reading, cost, limit)
    const { report } = users.core.views
    const allowed = (verdict & ADMITTED) !== 0
    const decision: Decision = {
      allowed,
      limit,
      remaining: report[REMAINING],
      burstRemaining: report[BURST_REMAINING],
      fromBurst: report[FROM_BURST],
      retryAfterMs: allowed ? 0 : this.#wait(reading, report[ADMITTED_AT]),
      resetMs: this.#wait(reading, report[EMPTY_AT]),
      reason: REASON_NAMES[report[REASON]],
    }
    if (verdict > ADMITTED) this.#sweeper?.attend(verdict)
    return decision
  }

  /** The least wait after which the clock, now at `reading`, shows `time` since loading or more. */
  #wait(reading: number, time: number): number {
    let wait = Math.max(0, time - (reading - this.#origin))
    // Rounding may leave the sum just below.
    for (let step = Number.EPSILON * wait; reading + wait - this.#origin < time; step *= 2) wait += step
    return wait
  }
}

const warm = new WeakSet<CoreModule>()

/**
 * Decides once for nobody. Engines compile a function of a module when it is first called, which takes them a millisecond
 * or two: at loading, once a module, rather than in the first decision of the process.
 */
function warmUp(module: CoreModule, settings: Settings): void {
  if (warm.has(module)) return
  const users = new Users(new Core(module, settings).start(0), settings)
  const { abi } = users.core
  abi.peek(users.slotOf('nobody'), 0, 1, 1)
  abi.check(users.slotOf('nobody'), 0, 1, 1)
  abi.decide(users.slotOf('nobody'), 0, 1, 1)
  users.sweepAll(0)
  warm.add(module)
}

function checkReading(reading: number, origin: number): number {
  if (Number.isFinite(reading) && Math.abs(reading - origin) <= LATEST_MS) return reading
  throw new Error(
    `clock must give a finite number of milliseconds within 139 years; it gave ${describe(reading)}. Is it in microseconds?`,
  )
}
