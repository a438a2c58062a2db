/** What the process that runs the benchmark and those of the subjects say to each other. */
import type { HistogramData } from '../histogram.js'

export const SUBJECT_NAMES = [
  'spillway',
  'spillway-sync',
  'rate-limiter-flexible',
  'rate-limiter-flexible-block',
  'rate-limit-redis',
  'upstash',
  'fastify',
  'gcra',
] as const
export type FleetSubjectName = (typeof SUBJECT_NAMES)[number]

/** The limit of all, and their window. No burst. */
export const LIMIT = 50
export const WINDOW_MS = 1000
/** Processes that share it, as `spillway/fleet` is told. */
export const PROCESSES = 8
/** Decisions in flight where it is for throughput. */
export const IN_FLIGHT = 64

/** Each process has a connection of its own. */
export interface OpenSetup {
  readonly subject: FleetSubjectName
  readonly port: number
}

export interface ThroughputSetup {
  readonly users: number
  readonly decisions: number
}

export interface HammerSetup {
  /** Whether this process is the one that begins windows. */
  readonly begins: boolean
  /** When the load begins, by `Date.now()`: all processes at once. */
  readonly beginsAt: number
  readonly rounds: number
  readonly inFlight: number
}

export interface FillSetup {
  readonly users: number
  readonly requests: number
  /** Others than those of another filling. */
  readonly firstUser: number
}

export interface ReplaySetup {
  readonly users: number
  readonly perSecond: number
  readonly seconds: number
  readonly beginsAt: number
  readonly seed: number
}

export interface FleetJobs {
  /** Connects, makes the limiter, and checks that it admits and denies. */
  open: { given: OpenSetup; back: null }
  throughput: { given: ThroughputSetup; back: ThroughputResult }
  /** One decision at a time. */
  latency: { given: ThroughputSetup; back: HistogramData }
  /** One user, hammered. */
  hammer: { given: HammerSetup; back: readonly Admission[] }
  /** User by user, so many requests each. */
  fill: { given: FillSetup; back: { readonly admitted: number } }
  replay: { given: ReplaySetup; back: ReplayResult }
  /** Synchronous decisions beside the in-process limiter's: nanoseconds each. */
  synchronous: { given: { readonly decisions: number }; back: SynchronousResult }
}

export interface ThroughputResult {
  readonly decisions: number
  readonly admitted: number
  readonly seconds: number
  /** CPU time of the process. */
  readonly cpuMs: number
}

/** The server's time before and after an admission, in microseconds. */
export type Admission = readonly [before: number, after: number]

export interface ReplayResult {
  readonly requests: number
  readonly admitted: number
  /** By how many milliseconds the process was late at worst. */
  readonly lateMs: number
}

export interface SynchronousResult {
  readonly fleetNs: number
  readonly limiterNs: number
}

/** A user's name: 16 hexadecimal digits. */
export function userName(user: number): string {
  return (Math.imul(user, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0') + user.toString(16).padStart(8, '0')
}
