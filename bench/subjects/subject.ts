/**
 * What the benchmarks know of a limiter: how to make one, and how to ask it for a decision.
 */

/** A limiter under test, for 50 requests in a window. */
export type Subject = SyncSubject | AsyncSubject

interface SubjectBase {
  /** How many users it keeps now, where it can be told. */
  size(): number | undefined
  /** Bytes that it says it uses, where it says so. */
  accountedBytes?(): number
  /** How often its memory grew within a decision, where it says so. */
  forcedGrowths?(): number
  /** Stops its timers, where it lets them be stopped. */
  close(): void
}

export interface SyncSubject extends SubjectBase {
  readonly kind: 'sync'
  /** Whether the user's request is admitted. */
  decide(id: string): boolean
}

interface AsyncSubject extends SubjectBase {
  readonly kind: 'async'
  decide(id: string): Promise<boolean>
}

export interface SubjectOptions {
  readonly windowMs: number
  /** Users kept at the same time, for subjects that want to know. */
  readonly users: number
  /** A clock in place of the subject's own, where it takes one. */
  readonly clock?: (() => number) | undefined
  /** Whether burst tokens are on, where the subject has them. */
  readonly burst: boolean
}

export interface SubjectSpec {
  readonly name: string
  /** How tables call it. */
  readonly label: string
  readonly group: 'spillway' | 'peer' | 'baseline' | 'floor'
  /** Packages whose versions go into the results. */
  readonly packages: readonly string[]
  /** Whether a decision reads a clock. */
  readonly readsClock: boolean
  /** Whether a clock can be given, to measure decisions without the reading of one. */
  readonly takesClock: boolean
  /** Whether it has burst tokens, which admit requests beyond the limit and can be turned off. */
  readonly hasTokens: boolean
  /** How it is used here. */
  readonly use: string
  /** What it does that Spillway does not. Empty if it is no library. */
  readonly beyond: string
  /** Milliseconds after which it has removed idle users by itself; `undefined` if it does not. */
  readonly forgetsAfterMs: number | undefined
  create(options: SubjectOptions): Promise<Subject>
}

/** The limit of all subjects, and the window in which all but the largest populations are measured. */
export const LIMIT = 50
export const WINDOW_MS = 1000
