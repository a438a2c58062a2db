/** The limiter of one thread: the interface's verbs, over an instance of the core. */
import type { Clock } from './clock.js'
import { Core } from './core.js'
import type { CoreModule } from './core-module.js'
import type { Decision } from './decision.js'
import type { Limiter, LimiterStats } from './limiter.js'
import type { Settings } from './options.js'
import { maxCost } from './quota.js'
import type { SweepTarget } from './sweeper.js'
import { startSweeper } from './sweeper.js'
import { Users } from './users.js'
import { checkNumber, describe } from './validation.js'

/** Methods are fields, so that they can be used detached from the limiter. */
export class WasmLimiter implements Limiter {
  readonly #users: Users
  readonly #settings: Settings
  /** The reading of the clock at loading. */
  readonly #origin: number
  /** Most that one request may cost: a whole number. */
  readonly #maxCost: number
  /** Replaced by one that throws when the limiter is closed, so that decisions need not ask whether it is. */
  #clock: Clock
  /** Held here and nowhere else, so that it is collected with the limiter. */
  readonly #sweepTarget: SweepTarget
  readonly #stopSweeper: () => void

  constructor(module: CoreModule, settings: Settings) {
    this.#settings = settings
    this.#clock = settings.clock
    this.#origin = this.#reading()
    this.#users = new Users(new Core(module, settings, this.#origin), settings)
    this.#maxCost = maxCost(settings.quota)
    this.#sweepTarget = {
      sweepPages: (pages) => this.#users.sweep(pages, this.#reading()),
      countPages: () => this.#users.pages,
    }
    this.#stopSweeper =
      settings.sweepIntervalMs > 0 ? startSweeper(this.#sweepTarget, settings.sweepIntervalMs) : () => {}
  }

  readonly isAllowed = (userId: string, cost = 1): boolean => {
    if (cost !== 1) this.#checkCost(cost)
    const reading = this.#reading()
    const slot = this.#users.slotOf(userId)
    return this.#users.core.abi.decide(slot, reading, cost) !== 0
  }

  readonly check = (userId: string, cost = 1): Decision => this.#report('check', userId, cost)

  readonly peek = (userId: string, cost = 1): Decision => this.#report('peek', userId, cost)

  readonly getBurstAllowance = (userId: string): number => {
    const reading = this.#reading()
    const slot = this.#users.slotOf(userId)
    return this.#users.core.abi.tokens(slot, reading)
  }

  readonly reset = (userId: string): void => {
    const reading = this.#reading()
    const slot = this.#users.slotOf(userId)
    this.#users.core.abi.reset(slot, reading)
  }

  readonly sweep = (): number => {
    const before = this.#users.statistics().swept
    this.#users.sweepAll(this.#reading())
    return this.#users.statistics().swept - before
  }

  readonly stats = (): LimiterStats => {
    this.#reading()
    const { users, memoryBytes, allowed, denied, burstSpent, swept, evicted, forcedGrowths } = this.#users.statistics()
    const { maxUsers } = this.#settings
    return { users, maxUsers, memoryBytes, allowed, denied, burstSpent, swept, evicted, forcedGrowths }
  }

  readonly close = (): void => {
    this.#stopSweeper()
    this.#clock = () => {
      throw new Error('The limiter is closed')
    }
  };

  [Symbol.dispose](): void {
    this.close()
  }

  /** Reads the clock: before anything else, since the clock is the user's, and may call this limiter itself. */
  #reading(): number {
    const reading = this.#clock()
    if (Number.isFinite(reading)) return reading
    throw new Error(`clock must give a finite number of milliseconds; it gave ${describe(reading)}`)
  }

  #checkCost(cost: number): void {
    checkNumber('cost', cost, { from: 1, to: this.#maxCost, whole: true })
  }

  #report(call: 'check' | 'peek', userId: string, cost: number): Decision {
    if (cost !== 1) this.#checkCost(cost)
    const reading = this.#reading()
    const slot = this.#users.slotOf(userId)
    const { core } = this.#users
    const allowed = core.abi[call](slot, reading, cost) !== 0
    const { report } = core.views
    return {
      allowed,
      limit: this.#settings.quota.limit,
      remaining: report[0],
      burstRemaining: report[1],
      fromBurst: report[4],
      retryAfterMs: allowed ? 0 : this.#wait(reading, report[2]),
      resetMs: this.#wait(reading, report[3]),
      reason: allowed ? undefined : report[5] ? 'full' : 'limit',
    }
  }

  /** The least wait after which the clock, now at `reading`, shows `time` since loading or more. */
  #wait(reading: number, time: number): number {
    let wait = Math.max(0, time - (reading - this.#origin))
    // Rounding may leave the sum just below.
    for (let step = Number.EPSILON * wait; reading + wait - this.#origin < time; step *= 2) wait += step
    return wait
  }
}
