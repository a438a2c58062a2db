/**
 * A replay: the logs are read once, into a compact record of who came when. The limiter then runs over the record: first
 * at the limit in question, then at others, to find the lowest that would have done.
 */
import type { Readable } from 'node:stream'
import { percentOf, utc } from '../terminal/format.js'
import { startProgress } from '../terminal/progress.js'
import type { TimeReader } from './access-log.js'
import { findLogs } from './access-log.js'
import type { Outcome, Peaks } from './demand.js'
import { findLowestLimits, findPeaks, runTrace } from './demand.js'
import { openReader } from './formats/index.js'
import { readTrace } from './read.js'
import type { BusiestWindow, ReplayReport } from './report.js'
import type { ReplaySettings } from './settings.js'
import type { Trace } from './trace.js'
import { countByUser } from './trace.js'

/** The shares of requests, in percent, for which the lowest limits are sought. */
const DENIED_PERCENTS = [0, 0.1, 1]

/** Where standard input comes from, and what ends a replay early. */
interface ReplayEnvironment {
  readonly stdin?: Readable
  readonly signal?: AbortSignal
}

/**
 * Replays logs. An interrupted replay reports on the requests that it read or replayed until then.
 *
 * @param names files, `-` for standard input
 * @throws {LogError} if one cannot be read, or none holds a request
 */
export async function replay(
  names: readonly string[],
  settings: ReplaySettings,
  { stdin = process.stdin, signal }: ReplayEnvironment = {},
): Promise<ReplayReport> {
  const sources = await findLogs(names, stdin, () => timeReader(settings))
  const reading = await readTrace(sources, settings, signal)
  const { trace } = reading
  // Interrupted while reading: what was read is replayed, which is quick; the search is not.
  const stopped = signal?.aborted
  const progress = startProgress('Replaying', 1)
  try {
    const outcome = await runTrace(trace, settings, settings.maxUsers, {
      onProgress: (part) => progress.update(part),
      signal: stopped ? undefined : signal,
    })
    trace.cut(outcome.replayed)
    const requests = countByUser(trace)
    const peaks = findPeaks(trace, settings.windowMs, outcome.denials)
    const top = indexOfMost(peaks.requests)
    const lowestLimits = await findLowestLimits(trace, settings, DENIED_PERCENTS, peaks.requests[top]!, {
      onProgress: (part) => progress.update(part, 'looking for the lowest limits'),
      signal,
    })
    const { key, trust, ipv6Prefix, limit, windowMs, capacity, refillPerSecond, sort } = settings
    const from = trace.times[0]!
    const to = trace.times[trace.length - 1]!
    const { denied: _, ...peak } = busiestWindow(peaks, top)
    return {
      files: sources.map(({ name }) => name),
      interrupted: signal?.aborted ?? false,
      formats: [...reading.formats],
      settings: {
        key,
        trust: trust ?? null,
        ipv6Prefix,
        limit,
        windowMs,
        burstCapacity: capacity,
        refillPerSecond,
        sort,
        maxUsers: outcome.maxUsers,
      },
      lines: {
        read: reading.lines,
        unreadable: reading.unreadable,
        firstUnreadable: reading.firstUnreadable,
        withoutKey: reading.withoutKey,
        misfits: reading.misfits,
        withoutZone: reading.zoneless,
        forwardedUnheeded: reading.unheeded,
        outOfOrder: trace.outOfOrder,
        largestStepBackMs: trace.largestStepBackMs,
        wholeSeconds: trace.wholeSeconds,
      },
      from: utc(from),
      to: utc(to),
      durationMs: to - from,
      requests: trace.length,
      users: requests.filter((count) => count > 0).length,
      allowed: trace.length - outcome.denied,
      denied: outcome.denied,
      deniedPercent: percentOf(outcome.denied, trace.length),
      burstSpent: outcome.burstSpent,
      evicted: outcome.evicted,
      peak: { user: decode(trace.names[top]!), ...peak },
      lowestLimits,
      ...limitedUsers(trace, outcome, peaks, requests, settings.top),
    }
  } finally {
    progress.stop()
  }
}

function timeReader({ key, format, trust }: ReplaySettings): TimeReader {
  const read = openReader({ key, format, trusting: trust !== undefined })
  return (line, start, end) => {
    const entry = read(line, start, end)
    return typeof entry === 'object' ? entry?.timeMs : undefined
  }
}

function limitedUsers(trace: Trace, { denials }: Outcome, peaks: Peaks, requests: Uint32Array, top: number) {
  const { names } = trace
  const denied = countByUser(trace, denials)
  const limited = [...denied.keys()].filter((user) => denied[user]! > 0)
  limited.sort((a, b) => denied[b]! - denied[a]! || requests[b]! - requests[a]!)
  return {
    usersLimited: limited.length,
    limitedUsers: limited.slice(0, top).map((user) => ({
      user: decode(names[user]!),
      requests: requests[user]!,
      denied: denied[user]!,
      worstWindow: busiestWindow(peaks, user),
    })),
  }
}

function busiestWindow(peaks: Peaks, user: number): BusiestWindow {
  return {
    requests: peaks.requests[user]!,
    denied: peaks.denied[user]!,
    from: utc(peaks.from[user]!),
    to: utc(peaks.to[user]!),
  }
}

function indexOfMost(counts: Uint32Array): number {
  let most = 0
  for (let i = 1; i < counts.length; i++) if (counts[i]! > counts[most]!) most = i
  return most
}

/** Names are held one character a byte. */
function decode(name: string): string {
  return Buffer.from(name, 'latin1').toString('utf8')
}
