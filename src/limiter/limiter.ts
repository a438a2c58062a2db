/// <reference lib="esnext.disposable" preserve="true" />
/**
 * What a limiter is: the interface that everything in the package is written against.
 */
import type { Decision } from './decision.js'
import type { Quota } from './quota.js'

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

/** What a request asks for. */
export interface RequestOptions {
  /** Places that the request takes, all or none. Whole, 1 to the limiter's `limit + burst.capacity`. Default 1. */
  cost?: number | undefined
  /**
   * The limit that this request is judged by: that of a user's plan, say. The window is the same, and tokens serve it as any
   * request: with 0, they alone do. Whole, 0 to the limiter's `limit`, which is the default.
   */
  limit?: number | undefined
}

/**
 * Limits requests a user: an exact sliding window, and burst tokens earned by inactivity. Made by `loadLimiter` or
 * `createLimiter`. All methods are synchronous, and may be used detached from their limiter. Each but `close` throws an
 * `Error` once the limiter is closed, when its clock gives no number of milliseconds that can be, and when the platform
 * has no memory for the first user.
 */
export interface Limiter extends Disposable {
  /** What a user may take: the options `limit`, `windowMs` and `burst`, defaults filled in. Stays when it is closed. */
  readonly quota: Quota

  /**
   * Decides whether a user's request is admitted, and counts it.
   *
   * @param userId any string; ids are distinct by their UTF-16 code units
   * @param request what it asks for; a number is its cost. Default one place under the limiter's limit
   * @throws {TypeError} if the id is not a string, or the cost or the limit not a number
   * @throws {RangeError} if the cost or the limit is not in its range
   * @example
   * ```ts
   * if (!limiter.isAllowed('user123')) return new Response('slow down', { status: 429 })
   * limiter.isAllowed('user123', { cost: 5, limit: 20 })
   * ```
   */
  isAllowed(userId: string, request?: number | RequestOptions): boolean

  /**
   * Decides like `isAllowed`, and tells all about it.
   *
   * @throws as `isAllowed` does
   * @example
   * ```ts
   * const { allowed, remaining, retryAfterMs } = limiter.check('user123')
   * ```
   */
  check(userId: string, request?: number | RequestOptions): Decision

  /**
   * Tells what `check` would decide, and where the user stands before that: `remaining`, `burstRemaining` and `resetMs`
   * are those of now, without the request. Changes nothing, and does not count as activity.
   *
   * @throws as `isAllowed` does
   */
  peek(userId: string, request?: number | RequestOptions): Decision

  /**
   * Tells the burst tokens that a user has now, with fractions: 0 to `burst.capacity`. Changes nothing, and does not
   * count as activity.
   *
   * @throws {TypeError} if the id is not a string
   */
  getBurstAllowance(userId: string): number

  /**
   * Undoes admissions: the newest base places of the user that are still in the window come free, and tokens come back,
   * though never more than were spent. No activity; a user who is not known stays so.
   *
   * @param cost places that were taken. Whole, 0 to 2,000,000,000. Default 1
   * @param fromBurst how many of them tokens paid for: `fromBurst` of the decision. Whole, 0 to `cost`. Default 0
   * @throws {TypeError} if the id is not a string, or one of the others not a number
   * @throws {RangeError} if one of the numbers is not in its range
   * @example
   * ```ts
   * const { allowed, fromBurst } = limiter.check('user123')
   * if (allowed && (await logIn())) limiter.refund('user123', 1, fromBurst) // only failures count
   * ```
   */
  refund(userId: string, cost?: number, fromBurst?: number): void

  /**
   * Takes what a request turned out to cost, as tokens of a language model or bytes do: free base places, then burst tokens.
   * Never denied, and activity as a request is.
   *
   * @param cost places. Whole, 0 to 2,000,000,000
   * @returns how many of them there were not to take
   * @throws {TypeError} if the id is not a string or the cost not a number
   * @throws {RangeError} if the cost is not in its range
   */
  charge(userId: string, cost: number): number

  /**
   * Denies everything for a user from now on: `reason` is then `'blocked'`. No tokens are earned meanwhile. Another block
   * takes the place of the first. Blocked users are kept: no sweep removes them, and they are the last to be evicted.
   *
   * @param ms milliseconds, 1 or more; `Infinity` until `unblock` or `reset`
   * @returns false if there was no room for a user never seen (`onFull`), so that nothing is blocked
   * @throws {TypeError} if the id is not a string or `ms` not a number
   * @throws {RangeError} if `ms` is not in its range
   * @example
   * ```ts
   * limiter.block('user123', 60_000)
   * limiter.check('user123').retryAfterMs // 60000
   * ```
   */
  block(userId: string, ms: number): boolean

  /**
   * Ends the block of a user, if there is one.
   *
   * @throws {TypeError} if the id is not a string
   */
  unblock(userId: string): void

  /**
   * Forgets all users, who are then as those never seen. What `stats` has counted stays. Does not read the
   * clock.
   *
   * @throws {RangeError} if the platform has no memory for an empty table beside the one that goes
   */
  clear(): void

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

  /**
   * Gives all users as bytes, for the option `snapshot` of a limiter with the same `limit`, `windowMs` and `burst`, in this or
   * another process: `docs/snapshot.md`. A secret, since it holds the key by which ids are hashed. Takes the time of looking
   * at every user, and 26 to 418 bytes a user.
   *
   * @example
   * ```ts
   * await writeFile('limits', limiter.snapshot())
   * const next = await loadLimiter({ snapshot: await readFile('limits') })
   * ```
   */
  snapshot(): Uint8Array

  /** Tells what the limiter has done, and what it holds. Does not read the clock. */
  stats(): LimiterStats

  /** Stops the timer and lets all memory go. The limiter cannot be used any more; closing again does nothing. */
  close(): void
}
