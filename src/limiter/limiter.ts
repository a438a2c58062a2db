/// <reference lib="esnext.disposable" preserve="true" />
/**
 * What a limiter is: the interface that everything in the package is written against.
 */
import type { Decision } from './decision.js'

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
  /** How often memory had to grow inside a decision, beyond its first megabyte: the timer had not grown it ahead of need. */
  forcedGrowths: number
}

/**
 * Limits requests a user: an exact sliding window, and burst tokens earned by inactivity. Made by `loadLimiter` or
 * `createLimiter`. All methods are synchronous, and may be used detached from their limiter. Each but `close` throws an
 * `Error` once the limiter is closed, when its clock gives no number of milliseconds that can be, and when the platform
 * has no memory for the first user.
 */
export interface Limiter extends Disposable {
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
  isAllowed(userId: string, cost?: number): boolean

  /**
   * Decides like `isAllowed`, and tells all about it.
   *
   * @throws as `isAllowed` does
   * @example
   * ```ts
   * const { allowed, remaining, retryAfterMs } = limiter.check('user123')
   * ```
   */
  check(userId: string, cost?: number): Decision

  /**
   * Tells what `check` would decide, and where the user stands before that: `remaining`, `burstRemaining` and `resetMs`
   * are those of now, without the request. Changes nothing, and does not count as activity.
   *
   * @throws as `isAllowed` does
   */
  peek(userId: string, cost?: number): Decision

  /**
   * Tells the burst tokens that a user has now, with fractions: 0 to `burst.capacity`. Changes nothing, and does not
   * count as activity.
   *
   * @throws {TypeError} if the id is not a string
   */
  getBurstAllowance(userId: string): number

  /**
   * Forgets a user, who is then as one never seen.
   *
   * @throws {TypeError} if the id is not a string
   */
  reset(userId: string): void

  /**
   * Removes all stale users at once; with a timer (`sweepIntervalMs`) there is no need to. Looks at every user
   * before it returns.
   *
   * @returns how many were removed
   */
  sweep(): number

  /** Tells what the limiter has done, and what it holds. Does not read the clock. */
  stats(): LimiterStats

  /** Stops the timer and lets all memory go. The limiter cannot be used any more; closing again does nothing. */
  close(): void
}
