/** What the process that runs the benchmark and those of the subjects say to each other. */

export const SUBJECT_NAMES = [
  'spillway',
  'spillway-run',
  'p-throttle',
  'p-throttle-strict',
  'p-queue',
  'p-queue-strict',
  'bottleneck',
  'limiter',
  'rate-limiter-flexible',
] as const
export type QueueSubjectName = (typeof SUBJECT_NAMES)[number]

/** The limit whose keeping is looked at, and the window of all. */
export const LIMIT = 50
export const WINDOW_MS = 1000

/** What comes when, and when the event loop stands still, in milliseconds from the beginning. */
interface Traffic {
  readonly calls: readonly { readonly atMs: number; readonly count: number }[]
  readonly stalls: readonly { readonly atMs: number; readonly forMs: number }[]
}

export const TRAFFICS = {
  /** One call begins a window; the rest of it comes at its end, and more in the next. */
  'late bursts': {
    calls: [
      { atMs: 0, count: 1 },
      { atMs: 950, count: 250 },
    ],
    stalls: [],
  },
  /** The loop stands still while calls are due. */
  stalled: {
    calls: [{ atMs: 0, count: 250 }],
    stalls: [
      { atMs: 900, forMs: 600 },
      { atMs: 2200, forMs: 450 },
      { atMs: 3300, forMs: 900 },
    ],
  },
} satisfies Record<string, Traffic>
export type TrafficName = keyof typeof TRAFFICS

export interface FlowSetup {
  readonly subject: QueueSubjectName
  readonly count: number
}

export interface StartsSetup {
  readonly subject: QueueSubjectName
  readonly traffic: TrafficName
}

export interface QueueJobs {
  /** Calls one after the other, with nobody waiting: nanoseconds each. */
  idle: { given: FlowSetup; back: { readonly ns: number } }
  /** So many waiting at once, who then all get their turn. */
  waiting: { given: FlowSetup; back: WaitingResult }
  /** Most starts in any window, by the clock of the jobs. */
  starts: { given: StartsSetup; back: StartsResult }
}

export interface WaitingResult {
  /** How many waited. */
  readonly count: number
  /** CPU time of the process for one to come, wait and go. */
  readonly ns: number
  /** Of the heap for one who waits, beside a promise that somebody awaits. */
  readonly bytes: number
}

export interface StartsResult {
  readonly most: number
  readonly started: number
}
