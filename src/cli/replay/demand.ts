/**
 * The demand in a trace, and what limits do to it: the real limiter runs over the trace, on the trace's clock, as often
 * as it takes.
 *
 * Memory: 1 byte a request for what was denied, and 4 more while peaks are found.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Limiter, Quota } from '../../limiter/index.js'
import { loadLimiter, optionsFor } from '../../limiter/index.js'
import type { Trace } from './trace.js'
import { countByUser } from './trace.js'

/** Requests between two looks at the world outside: progress to show, Ctrl-C to obey. */
const STRIDE = 65_536

/** Users that a limiter has room for, if the trace has no more and nobody says otherwise. */
const ROOM = 1_000_000

/** What a search for limits keeps as it is. */
type Terms = Omit<Quota, 'limit'>

/** What a run over a trace came to. */
export interface Outcome {
  /** How many requests were replayed: all, unless the run was interrupted. */
  readonly replayed: number
  /** 1 for each request that was denied, 0 for the others. */
  readonly denials: Uint8Array
  readonly denied: number
  readonly burstSpent: number
  readonly evicted: number
  readonly maxUsers: number
}

/** What a run tells, and what ends it early. */
interface Watch {
  /** Is told the part done, 0 to 1. */
  readonly onProgress?: ((part: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** Runs a trace through a limiter: all of it, or as much as the signal allows. */
export async function runTrace(
  trace: Trace,
  quota: Quota,
  maxUsers = Math.max(ROOM, trace.names.length),
  watch: Watch = {},
): Promise<Outcome> {
  const denials = new Uint8Array(trace.length)
  const { names, users } = trace
  const { replayed, stats } = await replayThrough(trace, quota, maxUsers, watch, (limiter, at) => {
    if (!limiter.isAllowed(names[users[at]!]!)) denials[at] = 1
    return true
  })
  const { denied, burstSpent, evicted } = stats
  return { replayed, denials, denied, burstSpent, evicted, maxUsers }
}

/** Visits requests in their order, with a limiter whose clock shows their times, until told to stop. */
async function replayThrough(
  { times }: Trace,
  quota: Quota,
  maxUsers: number,
  { onProgress, signal }: Watch,
  visit: (limiter: Limiter, at: number) => boolean,
) {
  let at = 0
  using limiter = await loadLimiter({
    ...optionsFor(quota),
    maxUsers,
    sweepIntervalMs: 0,
    clock: () => times[Math.min(at, times.length - 1)]!,
  })
  for (; at < times.length; at++) {
    if (at % STRIDE === 0) {
      onProgress?.(at / times.length)
      await nextTurn()
      // A report needs a request at least.
      if (at > 0 && signal?.aborted) break
    }
    if (!visit(limiter, at)) break
  }
  return { replayed: at, stats: limiter.stats() }
}

/** The busiest window of each user, by number. */
export interface Peaks {
  /** Most requests in a window, and how many were denied; on a tie, the window with most denials. */
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
 * Finds by bisection the lowest limits that keep within shares of denied requests. An interrupted search gives those
 * that it found.
 *
 * @param percents the shares, smallest first
 * @param peak most requests of a user in a window: a limit that denies nobody, or nearly
 */
export async function findLowestLimits(
  trace: Trace,
  terms: Terms,
  percents: readonly number[],
  peak: number,
  { onProgress, signal }: Watch = {},
): Promise<LowestLimit[]> {
  const budgets = percents.map((percent) => Math.floor((trace.length * percent) / 100))
  const enough = Math.max(...budgets)
  const requests = countByUser(trace)
  const mostRuns = 1 + percents.length * Math.ceil(Math.log2(peak + 1))
  const known = new Map<number, number>()
  const deniedAt = async (limit: number) => {
    const done = known.size
    const watch: Watch = { onProgress: (part) => onProgress?.(Math.min(1, (done + part) / mostRuns)), signal }
    const denied = known.get(limit) ?? (await countDenied(trace, { ...terms, limit }, enough, requests, watch))
    known.set(limit, denied)
    return denied
  }

  const found: LowestLimit[] = []
  // The limiter may hold places a little longer than the window, and so deny a request even at a limit of the peak.
  let high = peak
  while ((await deniedAt(high)) > 0 && !signal?.aborted) high *= 2
  let low = 0
  for (let i = percents.length - 1; i >= 0; i--) {
    // Invariant: `low` denies too many, or is 0; `high` does not.
    const budget = budgets[i]!
    let best = high
    while (best - low > 1 && !signal?.aborted) {
      const middle = low + Math.floor((best - low) / 2)
      if ((await deniedAt(middle)) > budget) low = middle
      else best = middle
    }
    const denied = await deniedAt(best)
    // What was counted under an interruption is too low.
    if (signal?.aborted) break
    found.unshift({ deniedPercentAtMost: percents[i]!, limit: best, denied })
  }
  return found
}

/**
 * Counts the requests that a quota denies, but no further than one above `enough`. Leaves out users who never made
 * more requests than the limit admits at once: they cannot be denied, and no user affects another.
 */
async function countDenied(
  trace: Trace,
  quota: Quota,
  enough: number,
  requests: Uint32Array,
  watch: Watch,
): Promise<number> {
  const { users, names } = trace
  let denied = 0
  await replayThrough(trace, quota, Math.max(ROOM, names.length), watch, (limiter, at) => {
    const user = users[at]!
    if (requests[user]! > quota.limit && !limiter.isAllowed(names[user]!)) denied++
    return denied <= enough
  })
  return denied
}
