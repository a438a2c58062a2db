/// <reference lib="esnext.disposable" preserve="true" />
import { compileCore } from '#module'
import type { Clock } from './clock.js'
import { Core } from './core.js'
import type { LimiterOptions, Settings } from './options.js'
import { checkNumber, describe, settle } from './options.js'
import { UserStore } from './store.js'
import type { SweepTarget } from './sweeper.js'
import { startSweeper } from './sweeper.js'

/** A decision, and where the user then stands. */
export interface Decision {
  /** Whether the request is admitted. */
  allowed: boolean
  /** Base admissions in any window: the option. */
  limit: number
  /** Free base places now. */
  remaining: number
  /** Burst tokens now, with fractions. */
  burstRemaining: number
  /**
   * 0 if allowed; else the milliseconds after which the same call is admitted if nothing else happens, no more than
   * it takes. `Infinity` if that never happens.
   */
  retryAfterMs: number
  /** Milliseconds until the base window is empty if nothing else happens. */
  resetMs: number
}

/** What a limiter has done, and what it holds. */
export interface LimiterStats {
  /** Users kept now, stale ones not yet swept included. */
  users: number
  /** The option. */
  maxUsers: number
  /** Bytes of linear memory in use for users. */
  memoryBytes: number
  /** Requests admitted, ever. */
  allowed: number
  /** Requests denied, ever. */
  denied: number
  /** Burst tokens spent, ever. */
  burstSpent: number
  /** Stale users removed, ever. */
  swept: number
  /** Users who were not stale, removed because memory was full, ever. */
  evicted: number
  /** How often memory had to grow inside a decision, because the timer had not grown it ahead of need. */
  forcedGrowths: number
}

/**
 * Limits requests a user: an exact sliding window, and burst tokens earned by inactivity. Made by
 * {@link loadLimiter}. All methods are synchronous; each but `close` throws an `Error` once the limiter is closed, or
 * when its clock gives no finite number.
 */
export class RateLimiter {
  readonly #store: UserStore
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

  /** @internal */
  static over(core: Core, settings: Settings, origin: number): RateLimiter {
    return new RateLimiter(core, settings, origin)
  }

  private constructor(core: Core, settings: Settings, origin: number) {
    if (!(core instanceof Core)) throw new TypeError('A RateLimiter is made by loadLimiter(), not by new')
    this.#store = new UserStore(core, settings)
    this.#settings = settings
    this.#clock = settings.clock
    this.#origin = origin
    this.#maxCost = Math.floor(settings.limit + settings.capacity)
    this.#sweepTarget = {
      sweepPages: (pages) => this.#store.sweep(pages, this.#reading()),
      countPages: () => this.#store.pages,
    }
    this.#stopSweeper =
      settings.sweepIntervalMs > 0 ? startSweeper(this.#sweepTarget, settings.sweepIntervalMs) : () => {}
  }

  /**
   * Decides whether a user's request is admitted, and counts it.
   *
   * @param userId any string; ids are distinct by their UTF-16 code units
   * @param cost places that the request takes, all or none. Whole, 1 to `limit + burst.capacity`. Default 1
   * @throws {TypeError} if the id is not a string or the cost not a number
   * @throws {RangeError} if the cost is not in its range, since it could never be admitted
   * @example
   * ```ts
   * if (!limiter.isAllowed('user123')) return new Response('slow down', { status: 429 })
   * ```
   */
  isAllowed(userId: string, cost = 1): boolean {
    if (cost !== 1) this.#checkCost(cost)
    const reading = this.#reading()
    const slot = this.#store.slotOf(userId)
    return this.#store.core.abi.decide(slot, reading, cost) !== 0
  }

  /**
   * Tells the burst tokens that a user has now, with fractions: 0 to `burst.capacity`. Changes nothing, and does not
   * count as activity.
   *
   * @throws {TypeError} if the id is not a string
   */
  getBurstAllowance(userId: string): number {
    const reading = this.#reading()
    const slot = this.#store.slotOf(userId)
    return this.#store.core.abi.tokens(slot, reading)
  }

  /**
   * Decides like `isAllowed`, and tells all about it.
   *
   * @throws as `isAllowed` does
   * @example
   * ```ts
   * const { allowed, remaining, retryAfterMs } = limiter.check('user123')
   * ```
   */
  check(userId: string, cost = 1): Decision {
    return this.#report('check', userId, cost)
  }

  /**
   * Tells what `check` would say. Changes nothing, and does not count as activity.
   *
   * @throws as `isAllowed` does
   */
  peek(userId: string, cost = 1): Decision {
    return this.#report('peek', userId, cost)
  }

  /**
   * Forgets a user, who is then as one never seen.
   *
   * @throws {TypeError} if the id is not a string
   */
  reset(userId: string): void {
    const reading = this.#reading()
    const slot = this.#store.slotOf(userId)
    this.#store.core.abi.reset(slot, reading)
  }

  /**
   * Removes all stale users at once; with a timer (`sweepIntervalMs`) there is no need to. Looks at every user
   * before it returns.
   *
   * @returns how many were removed
   */
  sweep(): number {
    const before = this.#store.statistic('swept')
    this.#store.sweepAll(this.#reading())
    return this.#store.statistic('swept') - before
  }

  /** Tells what the limiter has done, and what it holds. */
  stats(): LimiterStats {
    this.#reading()
    const store = this.#store
    return {
      users: store.statistic('users'),
      maxUsers: this.#settings.maxUsers,
      memoryBytes: store.statistic('memoryBytes'),
      allowed: store.statistic('allowed'),
      denied: store.statistic('denied'),
      burstSpent: store.statistic('burstSpent'),
      swept: store.statistic('swept'),
      evicted: store.statistic('evicted'),
      forcedGrowths: store.statistic('forcedGrowths'),
    }
  }

  /** Stops the timer. The limiter cannot be used any more; closing again does nothing. */
  close(): void {
    this.#stopSweeper()
    this.#clock = () => {
      throw new Error('The limiter is closed')
    }
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** Reads the clock: before anything else, since the clock is the user's, and may call this limiter itself. */
  #reading(): number {
    return checkReading(this.#clock())
  }

  #checkCost(cost: number): void {
    checkNumber('cost', cost, { from: 1, to: this.#maxCost, whole: true })
  }

  #report(call: 'check' | 'peek', userId: string, cost: number): Decision {
    if (cost !== 1) this.#checkCost(cost)
    const reading = this.#reading()
    const slot = this.#store.slotOf(userId)
    const { core } = this.#store
    const allowed = core.abi[call](slot, reading, cost) !== 0
    const { report } = core.views
    return {
      allowed,
      limit: this.#settings.limit,
      remaining: report[0],
      burstRemaining: report[1],
      retryAfterMs: allowed ? 0 : this.#wait(reading, report[2]),
      resetMs: this.#wait(reading, report[3]),
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

/**
 * Loads a limiter: 50 requests a second a user, and up to 100 burst tokens, unless the options say otherwise.
 *
 * @throws {TypeError} for an option of a wrong type or one that does not exist
 * @throws {RangeError} for a number that is not accepted, or more users than there is memory for
 * @throws {Error} if the clock gives no finite number
 * @example
 * ```ts
 * const limiter = await loadLimiter({ limit: 10, burst: false })
 * limiter.isAllowed('user123') // true
 * ```
 */
export async function loadLimiter(options: LimiterOptions = {}): Promise<RateLimiter> {
  const settings = settle(options)
  const module = settings.module ?? (await compileCore())
  const origin = checkReading(settings.clock())
  return RateLimiter.over(new Core(module, settings, origin), settings, origin)
}

function checkReading(reading: number): number {
  if (Number.isFinite(reading)) return reading
  throw new Error(`clock must give a finite number of milliseconds; it gave ${describe(reading)}`)
}
