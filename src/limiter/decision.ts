/** The answer to a request: one shape for every limiter of the package. */
import { TICKS } from './abi.js'
import { QUOTA_RANGES } from './quota.js'
import { checkNumber } from './validation.js'

/** Why a request was denied. Further reasons may come. */
export type DenialReason =
  /** The window is full, and the tokens do not suffice. */
  | 'limit'
  /** The user is blocked: `block`. */
  | 'blocked'
  /** There is no room: the limiter takes no newcomer, or there is no memory for another admission of the user. */
  | 'full'

/** A decision, and where the user then stands. */
export interface Decision {
  /** Whether the request is admitted. */
  allowed: boolean
  /** Base admissions in any window: the option, or the limit of the request. */
  limit: number
  /** Free base places. */
  remaining: number
  /** Burst tokens, with fractions. */
  burstRemaining: number
  /** How many places of this request were paid for by burst tokens; 0 if it was denied. */
  fromBurst: number
  /**
   * 0 if allowed; else the milliseconds after which the same call is admitted if nothing else happens: not a moment
   * longer. `Infinity` if that never happens. It may exceed the window by two 30,000ths of it; `secondsToWait` makes a
   * header of it that does not.
   */
  retryAfterMs: number
  /** Milliseconds until the base window is empty if nothing else happens; 0 if it is empty. */
  resetMs: number
  /** Why the request was denied; `undefined` if it was admitted. */
  reason: DenialReason | undefined
}

/**
 * Turns a wait into whole seconds for a header such as `Retry-After`: rounded up, but not above the window by what
 * rounding to ticks adds. A client that waits so long, and two 30,000ths of the window more, is admitted.
 *
 * @param ms milliseconds: `retryAfterMs` or `resetMs` of a {@link Decision}
 * @param windowMs the limiter's window in milliseconds
 * @returns whole seconds, 0 or more; `Infinity` for `Infinity`
 * @throws {TypeError} for what is no number
 * @throws {RangeError} for a number below 0, and for a window that a limiter cannot have
 * @example
 * ```ts
 * const { allowed, retryAfterMs } = limiter.check('user123')
 * if (!allowed) headers.set('Retry-After', String(secondsToWait(retryAfterMs, 1000)))
 * ```
 */
export function secondsToWait(ms: number, windowMs: number): number {
  checkNumber('ms', ms, { from: 0, to: Infinity })
  checkNumber('windowMs', windowMs, QUOTA_RANGES.windowMs)
  return Math.ceil(withoutRounding(ms, windowMs) / 1000)
}

/** A wait in milliseconds, not above the window by what rounding to ticks adds. */
export function withoutRounding(ms: number, windowMs: number): number {
  return ms <= windowMs * (1 + 2 / TICKS) ? Math.min(ms, windowMs) : ms
}
