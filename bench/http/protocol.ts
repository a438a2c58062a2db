/** What the process that runs the benchmark, the servers' and the load generator's say to each other. */
import type { HistogramData } from '../histogram.js'

export const HOSTS = ['express', 'fastify', 'hono'] as const
export type Host = (typeof HOSTS)[number]

/** What limits: nothing, Spillway's adapter, or the limiter that is usual for the host. */
export const LIMITERS = ['none', 'spillway', 'own'] as const
export type LimiterKind = (typeof LIMITERS)[number]

/** Whose requests: all of one client, or each of another. */
export const TRAFFICS = ['one', 'many'] as const
export type Traffic = (typeof TRAFFICS)[number]

/** So high that nobody is denied, in a window so long that nobody is forgotten. */
export const LIMIT = 100_000_000
export const WINDOW_MS = 3_600_000

/** The header that names the client. All key functions read it. */
export const CLIENT_HEADER = 'x-client'

export interface ServerSetup {
  readonly host: Host
  readonly limiter: LimiterKind
  /** Clients that it has to keep, for limiters that want to know. */
  readonly clients: number
}

/** What a process has used since it started. */
interface Usage {
  readonly cpuMs: number
  readonly rssBytes: number
}

export interface ServerJobs {
  start: { given: ServerSetup; back: { readonly port: number } }
  usage: { given: null; back: Usage }
  startProfile: { given: null; back: null }
  /** Writes the profile since `startProfile` to a file. */
  stopProfile: { given: string; back: null }
}

export interface LoadSetup {
  readonly port: number
  readonly connections: number
  /** The number of the first client; the requests that follow are of the next ones, or all of the first. */
  readonly firstClient: number
  readonly each: 'same' | 'next'
  /** How many requests, or for how long. */
  readonly until: { readonly requests: number } | { readonly seconds: number }
}

export interface LoadResult {
  readonly requests: number
  readonly seconds: number
  readonly latency: HistogramData
  /** What the load generator used itself. */
  readonly cpuMs: number
  /** The number of the client after the last. */
  readonly nextClient: number
}

export interface LoadJobs {
  load: { given: LoadSetup; back: LoadResult }
}

/** A client's name: 16 hexadecimal digits that differ from client to client, in no order. */
export function clientName(client: number): string {
  return mixed(2 * client) + mixed(2 * client + 1)
}

/** A bijection of 32-bit numbers (the finalizer of MurmurHash3), in hexadecimal digits. */
function mixed(number: number): string {
  let bits = (number ^ 0x5bd1e995) >>> 0
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return ((bits ^ (bits >>> 16)) >>> 0).toString(16).padStart(8, '0')
}
