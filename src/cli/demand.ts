/**
 * The demand in a trace, and what limits do to it: the real limiter runs over the trace, on the trace's clock, as often
 * as it takes.
 *
 * Memory: 1 byte a request for what was denied, and 4 more while peaks are found.
 */
import { loadLimiter } from '../limiter/index.js'
import type { Trace } from './trace.js'
import { countByUser } from './trace.js'

/** Requests between two calls of `onProgress`. */
const STRIDE = 65_536

/** Users that a limiter has room for unless it is said; more, if there are more. */
const ROOM = 1_000_000

/** What a limiter is loaded with, but for the limit. */
export interface Terms {
  readonly windowMs: number
  readonly burstCapacity: number
  readonly refillPerSecond: number
}

/** What a run over a trace came to. */
export interface Outcome {
  /** 1 for each request that was denied, 0 for the others. */
  readonly denials: Uint8Array
  readonly denied: number
  readonly burstSpent: number
  readonly evicted: number
  readonly maxUsers: number
}

export type OnProgress = (done: number) => void

/** Runs the whole trace through a limiter. */
export async function runTrace(
  trace: Trace,
  terms: Terms,
  limit: number,
  maxUsers = Math.max(ROOM, trace.names.length),
  onProgress?: OnProgress,
): Promise<Outcome> {
  const denials = new Uint8Array(trace.length)
  const { times, users } = trace
  let at = 0
  const limiter = await limiterFor(terms, limit, maxUsers, () => times[at]!)
  for (; at < users.length; at++) {
    if (!limiter.isAllowed(trace.names[users[at]!]!)) denials[at] = 1
    if (at % STRIDE === 0) onProgress?.(at)
  }
  at = users.length - 1
  const { denied, burstSpent, evicted } = limiter.stats()
  limiter.close()
  return { denials, denied, burstSpent, evicted, maxUsers }
}

/** The busiest window of each user, by number. */
export interface Peaks {
  /** Most requests in a window, and how many of these were denied; of windows with as many, in the one with most. */
  readonly requests: Uint32Array
  readonly denied: Uint32Array
  /** Times of the first and the last request in it. */
  readonly from: Float64Array
  readonly to: Float64Array
}

/** Finds each user's busiest window: half-open as the limiter's, and over all requests, the denied ones too. */
export function findPeaks({ times, users, names }: Trace, windowMs: number, denials: Uint8Array): Peaks {
  const peaks = {
    requests: new Uint32Array(names.length),
    denied: new Uint32Array(names.length),
    from: new Float64Array(names.length),
    to: new Float64Array(names.length),
  }
  // Requests of a user in the window are a chain: from the oldest, `next` leads to the newest.
  const next = new Uint32Array(users.length)
  const oldest = new Uint32Array(names.length)
  const newest = new Uint32Array(names.length)
  const held = new Uint32Array(names.length)
  const heldDenied = new Uint32Array(names.length)
  for (let at = 0; at < users.length; at++) {
    const user = users[at]!
    while (held[user]! > 0 && times[at]! - times[oldest[user]!]! >= windowMs) {
      heldDenied[user]! -= denials[oldest[user]!]!
      held[user]!--
      oldest[user] = next[oldest[user]!]!
    }
    if (held[user] === 0) oldest[user] = at
    else next[newest[user]!] = at
    newest[user] = at
    held[user]!++
    heldDenied[user]! += denials[at]!
    const more = held[user]! - peaks.requests[user]!
    if (more > 0 || (more === 0 && heldDenied[user]! > peaks.denied[user]!)) {
      peaks.requests[user] = held[user]!
      peaks.denied[user] = heldDenied[user]!
      peaks.from[user] = times[oldest[user]!]!
      peaks.to[user] = times[at]!
    }
  }
  return peaks
}

/** A limit that denies no more than a part of the requests, where one less would. */
export interface LowestLimit {
  readonly deniedPercentAtMost: number
  readonly limit: number
  /** How many it denies. */
  readonly denied: number
}

/**
 * Finds by bisection the lowest limits that keep within shares of denied requests.
 *
 * @param percents the shares, smallest first
 * @param peak most requests of a user in a window: a limit that denies nobody, or nearly
 * @param onProgress is told the part done, 0 to 1
 */
export async function findLowestLimits(
  trace: Trace,
  terms: Terms,
  percents: readonly number[],
  peak: number,
  onProgress: OnProgress = () => {},
): Promise<LowestLimit[]> {
  const budgets = percents.map((percent) => Math.floor((trace.length * percent) / 100))
  const enough = Math.max(...budgets)
  const requests = countByUser(trace)
  const mostRuns = 1 + percents.length * Math.ceil(Math.log2(peak + 1))
  const known = new Map<number, number>()
  const deniedAt = async (limit: number) => {
    const done = known.size
    const progress = (part: number) => onProgress(Math.min(1, (done + part) / mostRuns))
    const denied = known.get(limit) ?? (await countDenied(trace, terms, limit, enough, requests, progress))
    known.set(limit, denied)
    return denied
  }

  // What the limiter may hold longer than the window can deny a request even at a limit of the peak.
  let high = peak
  while ((await deniedAt(high)) > 0) high *= 2
  let low = 0
  const found: LowestLimit[] = []
  for (let i = percents.length - 1; i >= 0; i--) {
    // Invariant: `low` denies too many, or is 0; `high` does not.
    const budget = budgets[i]!
    let best = high
    while (best - low > 1) {
      const middle = low + Math.floor((best - low) / 2)
      if ((await deniedAt(middle)) > budget) low = middle
      else best = middle
    }
    found.unshift({ deniedPercentAtMost: percents[i]!, limit: best, denied: await deniedAt(best) })
  }
  return found
}

/**
 * Counts the requests that a limit denies, but no further than one above `enough`. Leaves out users who never made
 * more requests than the limit admits at once: users do not touch each other.
 */
async function countDenied(
  { times, users, names }: Trace,
  terms: Terms,
  limit: number,
  enough: number,
  requests: Uint32Array,
  onProgress: OnProgress,
): Promise<number> {
  let at = 0
  let denied = 0
  const limiter = await limiterFor(terms, limit, Math.max(ROOM, names.length), () => times[at]!)
  for (; at < users.length && denied <= enough; at++) {
    const user = users[at]!
    if (requests[user]! > limit && !limiter.isAllowed(names[user]!)) denied++
    if (at % STRIDE === 0) onProgress(at / users.length)
  }
  limiter.close()
  return denied
}

function limiterFor(terms: Terms, limit: number, maxUsers: number, clock: () => number) {
  const { windowMs, burstCapacity, refillPerSecond } = terms
  const burst = burstCapacity > 0 && { capacity: burstCapacity, refillPerSecond }
  return loadLimiter({ limit, windowMs, burst, maxUsers, sweepIntervalMs: 0, clock })
}
