/** One limit over many processes: what it is. */
import type { Decision, Quota, RequestOptions } from '../limiter/index.js'
import type { FleetState } from './options.js'

/** What a fleet limiter has done in this process. */
export interface FleetStats {
  /** Whether the store answers. */
  state: FleetState
  /** Requests admitted and denied. */
  allowed: number
  denied: number
  /** Questions put to the store, reports included, and reports among them. */
  asked: number
  reports: number
  /** Denials of `check` without a question, since the store had said until when. */
  denialsKnown: number
  /** Decisions of `check` made by `onUnavailable`. */
  decidedAlone: number
  /** Questions that failed or took too long. */
  failures: number
  /** Users of whom the process remembers something, and the option. */
  users: number
  maxUsers: number
}

/**
 * A limit that processes share. Made by `loadFleetLimiter`. All methods may be used detached from it. Those that give promises reject
 * with what is said to be thrown; those that say so also with an `Error` if the store does not answer in time.
 */
export interface FleetLimiter extends Disposable {
  /** What a user may take: the options `limit`, `windowMs` and `burst`, defaults filled in. */
  readonly quota: Quota

  /**
   * Decides by what the whole fleet has admitted: exact. At once, without a question, where the store has said that the user is
   * denied for longer.
   *
   * @returns a decision, within `timeoutMs`: `onUnavailable` makes it if the store does not
   * @throws {TypeError} if the id is not a string, or the cost or the limit not a number
   * @throws {RangeError} if the cost or the limit is not in its range
   * @throws {Error} if the limiter is closed
   * @example
   * ```ts
   * const { allowed, remaining, retryAfterMs } = await limiter.check('user123', { cost: 2 })
   * ```
   */
  check(userId: string, request?: number | RequestOptions): Promise<Decision>

  /**
   * Decides at once, by what the process knows. In any window all processes together admit at most `limit` and `allowance` for each
   * process. A user far below the limit costs the store nothing.
   *
   * @param request what it asks for; its cost is `allowance` at most
   * @throws as `check` does
   * @example
   * ```ts
   * if (!limiter.isAllowed('user123')) return new Response('slow down', { status: 429 })
   * ```
   */
  isAllowed(userId: string, request?: number | RequestOptions): boolean

  /**
   * Tells what `check` would decide, and where the user stands. Changes nothing, and is no activity. Rejects if the store does not
   * answer.
   */
  peek(userId: string, request?: number | RequestOptions): Promise<Decision>

  /** Tells the burst tokens that a user has now, with fractions. Rejects if the store does not answer. */
  getBurstAllowance(userId: string): Promise<number>

  /**
   * Undoes admissions, as `Limiter.refund` does. Other processes know of it when they next hear of the user. Rejects if the store does
   * not answer.
   */
  refund(userId: string, cost?: number, fromBurst?: number): Promise<void>

  /** Takes what a request turned out to cost, as `Limiter.charge` does. Rejects if the store does not answer. */
  charge(userId: string, cost: number): Promise<number>

  /**
   * Denies everything for a user for so long, in all processes: by `check` at once, by `isAllowed` of other processes once they hear
   * of the user. Rejects if the store does not answer.
   *
   * @param ms 1 to 4,398,046,511,104 (139 years)
   */
  block(userId: string, ms: number): Promise<void>

  /** Ends a block, as `block` makes one. */
  unblock(userId: string): Promise<void>

  /**
   * Forgets a user, in the store and here. Other processes go by what they know until they next hear of the user. Rejects if the store
   * does not answer.
   */
  reset(userId: string): Promise<void>

  /** Tells what was done in this process, and whether the store answers. */
  stats(): FleetStats

  /** Decides no more. The client of the store stays open. What the store does not know yet, it never will. */
  close(): void
}
