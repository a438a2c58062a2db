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

/** Bytes of a user who moves: the user, and the largest ring block. */
export const USER_SIZE = 64
export const BINS_SIZE = 384

/** The bits that `decide` and `check` return: the verdict, and what the core asks of the timer. */
export const ADMITTED = 1
export const JOINED = 2
export const LOW_RESERVE = 4

/** Numbers in the report of a decision. */
export const DECISION_REPORT = {
  REMAINING: 0,
  BURST_REMAINING: 1,
  ADMITTED_AT: 2,
  EMPTY_AT: 3,
  FROM_BURST: 4,
  REASON: 5,
} as const

/** Reasons in it. */
export const REASONS = { NO_REASON: 0, LIMIT: 1, FULL: 2 } as const

/** Numbers in the report of `stats`, by their places in it. */
export const STATISTICS = [
  'users',
  'memoryBytes',
  'allowed',
  'denied',
  'burstSpent',
  'swept',
  'evicted',
  'forcedGrowths',
  'tablePages',
  'touchedBytes',
  'latest',
  'peakUsers',
  'peakPages',
  'nextStaleAt',
] as const

/** What `init` takes for `onFull`, by number. */
export const ON_FULL = ['evict', 'deny', 'allow'] as const
