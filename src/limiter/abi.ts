/**
 * The ABI of the core, as `assembly/` has it: what both sides know by number. A test compares the numbers with those of the
 * debug build. What the core exports is in `instantiate.ts`, since public types reach this file, and must not name types
 * that only the DOM's library declares.
 */

/** Ticks of a window: the core rounds the time of an admission up to one, and the present down. */
export const TICKS = 30_000

/** Where the report begins, and how many f64 it has. */
export const REPORT = 128
export const REPORT_LENGTH = 16

/** Where ids are written to be hashed, and its bytes. */
export const SCRATCH = 384
export const SCRATCH_SIZE = 1024

/** The slot for a user who is not remembered. */
export const PASSING = 0

/** What `addUsers` gives where there is no memory for a user. */
export const NO_ROOM = -1

/** The bits that `decide` and `check` return: the verdict, and what the core asks of the timer. */
export const ADMITTED = 1
export const JOINED = 2
export const LOW_RESERVE = 4

/** Where the numbers of a decision are in the report. */
export const REMAINING = 0
export const BURST_REMAINING = 1
export const ADMITTED_AT = 2
export const EMPTY_AT = 3
export const FROM_BURST = 4
export const REASON = 5

/** Reasons in it. */
export const REASONS = { NO_REASON: 0, LIMIT: 1, FULL: 2, BLOCKED: 3 } as const

/** The numbers that only grow, and that a limiter carries over from instance to instance. */
export const COUNTS = ['allowed', 'denied', 'burstSpent', 'swept', 'evicted', 'forcedGrowths'] as const

/** Numbers in the report of `stats`, by their places in it. */
export const STATISTICS = [
  'users',
  'memoryBytes',
  ...COUNTS,
  'tablePages',
  'touchedBytes',
  'latest',
  'peakUsers',
  'peakPages',
  'nextStaleAt',
] as const

/** What `init` takes for `onFull`, by number. */
export const ON_FULL = ['evict', 'deny', 'allow'] as const
