/**
 * The quota: what one user may take. The one type for it, its defaults and its ranges; everything that asks for a quota
 * (options, command line, oracle, playground) takes them from here.
 */
import type { Range } from './validation.js'

/** What one user may take: base admissions in a sliding window, and burst tokens. */
export interface Quota {
  /** Base admissions in any window. */
  readonly limit: number
  /** Length of the sliding window in milliseconds. */
  readonly windowMs: number
  /** Most burst tokens a user can have; 0 for none. */
  readonly capacity: number
  /** Tokens earned by a second of inactivity. */
  readonly refillPerSecond: number
}

/** The quota of a limiter that is told none. */
export const DEFAULT_QUOTA: Quota = { limit: 50, windowMs: 1000, capacity: 100, refillPerSecond: 1 }

/** What each number of a quota may be. */
export const QUOTA_RANGES: { readonly [Name in keyof Quota]: Range } = {
  limit: { from: 1, to: 1_000_000_000, whole: true },
  windowMs: { from: 1, to: 2 ** 53 - 1 },
  capacity: { from: 0, to: 1_000_000_000 },
  refillPerSecond: { from: 0, to: 1_000_000_000 },
}

/** The options that give a limiter this quota. */
export function optionsFor({ limit, windowMs, capacity, refillPerSecond }: Quota) {
  return { limit, windowMs, burst: { capacity, refillPerSecond } }
}

/** Most that one request may cost, as a whole number: the base limit and all tokens. */
export function maxCost({ limit, capacity }: Quota): number {
  return Math.floor(limit + capacity)
}
