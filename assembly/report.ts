/**
 * The report: where results of more than one number are left for the wrapper. `src/limiter/abi.ts` has the same indices;
 * the debug build exports these, and a test compares the two.
 */
import { REPORT } from './layout'

/** Numbers in the report. */
export const REPORT_LENGTH: u32 = 16

// Of a decision.
/** Free base places. */
export const REMAINING: u32 = 0
/** Burst tokens. */
export const BURST_REMAINING: u32 = 1
/** When the same call is admitted, in ms since loading. */
export const ADMITTED_AT: u32 = 2
/** When the window is empty, in ms since loading; -Infinity if it is. */
export const EMPTY_AT: u32 = 3
/** Places that burst tokens paid for. */
export const FROM_BURST: u32 = 4
/** Why the request was denied: one of the reasons below. */
export const REASON: u32 = 5

/** Reasons: admitted, the limit, no room in memory, and a lockout. */
export const NO_REASON: u32 = 0
export const LIMIT: u32 = 1
export const FULL: u32 = 2
export const BLOCKED: u32 = 3

// Of `stats`.
export const USERS: u32 = 0
export const MEMORY_BYTES: u32 = 1
export const ALLOWED: u32 = 2
export const DENIED: u32 = 3
export const BURST_SPENT: u32 = 4
export const SWEPT: u32 = 5
export const EVICTED: u32 = 6
export const FORCED_GROWTHS: u32 = 7
export const TABLE_PAGES: u32 = 8
export const TOUCHED_BYTES: u32 = 9
export const LATEST: u32 = 10
export const PEAK_USERS: u32 = 11
export const PEAK_PAGES: u32 = 12
/** When the first of the users that the last pass left becomes stale, in ms since loading; Infinity if there is none. */
export const NEXT_STALE_AT: u32 = 13

export function put(index: u32, value: f64): void {
  store<f64>(REPORT + ((<usize>index) << 3), value)
}
