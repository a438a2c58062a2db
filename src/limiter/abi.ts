/**
 * The ABI of the core, as `assembly/` has it: what it exports, and what both sides know by number. A test compares the
 * numbers with those of the debug build.
 */

/** What `assembly/index.ts` exports. Booleans arrive as 0 and 1, u32 as signed numbers. */
export type CoreExports = {
  memory: WebAssembly.Memory
  init(
    maxUsers: number,
    limit: number,
    windowMs: number,
    capacity: number,
    refillPerSecond: number,
    onFull: number,
    reading: number,
  ): number
  setKey(a: number, b: number, c: number, d: number): void
  setSlots(count: number): number
  begin(wide: number): void
  absorb(bytes: number): void
  remember(slot: number, bytes: number): void
  rememberWhole(slot: number, bytes: number, wide: number): void
  decide(slot: number, reading: number, cost: number): number
  check(slot: number, reading: number, cost: number): number
  peek(slot: number, reading: number, cost: number): number
  tokens(slot: number, reading: number): number
  reset(slot: number, reading: number): void
  sweep(reading: number, pages: number, soonMs: number): number
  restartSweep(): void
  growAhead(): void
  listenFor(bits: number): void
  handleLow(slot: number): number
  handleHigh(slot: number): number
  extract(low: number, high: number): number
  extractAny(): number
  insert(forced: number): number
  resume(time: number, mostUsers: number, mostPages: number): void
  setMaxUsers(maxUsers: number): void
  userCount(): number
  stats(): void
}

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
