/** The limiter of one thread: the interface's verbs, over an instance of the core. */
import { ADMITTED, DECISION_REPORT } from './abi.js'
import { Core } from './core.js'
import type { CoreModule } from './core-module.js'
import type { Decision, DenialReason } from './decision.js'
import type { Limiter, LimiterStats } from './limiter.js'
import type { Settings } from './options.js'
import { maxCost } from './quota.js'
import type { SweepTarget } from './sweeper.js'
import { Sweeper } from './sweeper.js'
import { Users } from './users.js'
import { checkId, checkNumber, describe } from './validation.js'

const { REMAINING, BURST_REMAINING, ADMITTED_AT, EMPTY_AT, FROM_BURST, REASON } = DECISION_REPORT

/** The latest time in milliseconds since loading, 139 years: up to there the ticks of a whole millisecond are exact. */
const LATEST_MS = 2 ** 42

const MS_A_YEAR = 365.25 * 86_400_000

/** By the number that the core reports. */
const REASON_NAMES: readonly (DenialReason | undefined)[] = [undefined, 'limit', 'full']

/** Methods are fields, so that they can be used detached from the limiter. */
export class WasmLimiter implements Limiter {
  readonly #settings: Settings
  /** Most that one request may cost: a whole number. */
  readonly #maxCost: number
  /** The reading of the clock at loading. */
  readonly #origin: number
  /** An instance that has no memory yet; undefined once the first user was asked about, or the limiter is closed. */
  #unused: Core | undefined
  /** Undefined before the first user is asked about, and once the limiter is closed. */
  #users: Users | undefined
  #sweeper: Sweeper | undefined
  /** Held here and nowhere else, so that it is collected with the limiter. */
  #sweepTarget: SweepTarget | undefined

  constructor(module: CoreModule, settings: Settings) {
    this.#settings = settings
    this.#maxCost = maxCost(settings.quota)
    this.#origin = finite(settings.clock())
    warmUp(module, settings)
    this.#unused = new Core(module, settings)
  }

  readonly isAllowed = (userId: string, cost = 1): boolean => {
    if (cost !== 1) this.#checkCost(cost)
    const reading = this.#reading()
    const users = this.#users ?? this.#open(userId)
    const slot = users.slotOf(userId)
    const verdict = users.core.abi.decide(slot, reading, cost)
    if (verdict > ADMITTED) this.#sweeper?.attend(verdict)
    return (verdict & ADMITTED) !== 0
  }

  readonly check = (userId: string, cost = 1): Decision => this.#report('check', userId, cost)

  readonly peek = (userId: string, cost = 1): Decision => this.#report('peek', userId, cost)

  readonly getBurstAllowance = (userId: string): number => {
    const reading = this.#reading()
    const users = this.#users ?? this.#open(userId)
    const slot = users.slotOf(userId)
    return users.core.abi.tokens(slot, reading)
  }

  readonly reset = (userId: string): void => {
    const reading = this.#reading()
    const users = this.#users ?? this.#open(userId)
    const slot = users.slotOf(userId)
    users.core.abi.reset(slot, reading)
  }

  readonly sweep = (): number => {
    const reading = this.#reading()
    const users = this.#users ?? this.#open()
    const before = users.statistics().swept
    users.sweepAll(reading)
    return users.statistics().swept - before
  }

  readonly stats = (): LimiterStats => {
    const { maxUsers } = this.#settings
    if (this.#users === undefined) {
      this.#checkOpen()
      const none = { allowed: 0, denied: 0, burstSpent: 0, swept: 0, evicted: 0, forcedGrowths: 0 }
      return { users: 0, maxUsers, memoryBytes: 0, ...none }
    }
    const { users, memoryBytes, allowed, denied, burstSpent, swept, evicted, forcedGrowths } = this.#users.statistics()
    return { users, maxUsers, memoryBytes, allowed, denied, burstSpent, swept, evicted, forcedGrowths }
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

  /** Reads the clock: before anything else, since the clock is the user's, and may call this limiter itself. */
  #reading(): number {
    const reading = this.#settings.clock()
    if (Number.isFinite(reading) && Math.abs(reading - this.#origin) <= LATEST_MS) return reading
    return this.#refuse(reading)
  }

  #refuse(reading: number): never {
    const years = Math.round((finite(reading) - this.#origin) / MS_A_YEAR)
    throw new Error(
      `clock must give milliseconds; it gave ${reading}, which is ${years} years after its reading at loading ` +
        `(139 are accepted). Is it in microseconds or nanoseconds?`,
    )
  }

  #checkOpen(): Core {
    if (this.#unused === undefined) throw new Error('The limiter is closed')
    return this.#unused
  }

  /** Takes memory, when the first user is asked about, if `userId` is one. */
  #open(userId = ''): Users {
    const core = this.#checkOpen()
    checkId(userId)
    const users = new Users(core.start(this.#origin), this.#settings)
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

  #checkCost(cost: number): void {
    checkNumber('cost', cost, { from: 1, to: this.#maxCost, whole: true })
  }

  #report(call: 'check' | 'peek', userId: string, cost: number): Decision {
    if (cost !== 1) this.#checkCost(cost)
    const reading = this.#reading()
    const users = this.#users ?? this.#open(userId)
    const slot = users.slotOf(userId)
    const verdict = users.core.abi[call](slot, reading, cost)
    const { report } = users.core.views
    const allowed = (verdict & ADMITTED) !== 0
    const decision: Decision = {
      allowed,
      limit: this.#settings.quota.limit,
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
  abi.peek(users.slotOf('nobody'), 0, 1)
  abi.check(users.slotOf('nobody'), 0, 1)
  abi.decide(users.slotOf('nobody'), 0, 1)
  users.sweepAll(0)
  warm.add(module)
}

function finite(reading: number): number {
  if (Number.isFinite(reading)) return reading
  throw new Error(`clock must give a finite number of milliseconds; it gave ${describe(reading)}`)
}
