/**
 * `spillway replay`: what would this limit have done to the traffic that a log recorded?
 *
 * The log is read once, into a compact record of who came when; the limiter then runs over the record, first at the
 * limit asked about, then at others to find the lowest that would have done.
 */
import type { Readable } from 'node:stream'
import { Command, InvalidArgumentError } from 'commander'
import type { LogSource } from './access-log.js'
import { findLogs, LogError, readLines } from './access-log.js'
import { number, wholeNumber } from './arguments.js'
import type { Outcome, Peaks, Terms } from './demand.js'
import { findLowestLimits, findPeaks, runTrace } from './demand.js'
import { grouped, percentOf, printable, utc } from './format.js'
import type { Key } from './log-line.js'
import { parseLine } from './log-line.js'
import { startProgress } from './progress.js'
import type { BusiestWindow, ReplayReport } from './replay-report.js'
import { formatReport } from './replay-report.js'
import { countByUser, Trace } from './trace.js'

const MOST = 1_000_000_000
const LIMITED_PERCENTS = [0, 0.1, 1]
const BAD_LINES_SHOWN = 5
const BAD_LINE_WIDTH = 100
const BAD_LINE_BYTES = 400

export interface ReplaySettings extends Terms {
  readonly key: Key
  readonly limit: number
  /** Whether to take requests in the order of their times, not of the log. */
  readonly sort: boolean
  /** `undefined` for room for all. */
  readonly maxUsers: number | undefined
  /** How many limited users to list. */
  readonly top: number
}

/** The subcommand. Its program has to be run by `parseAsync`. */
export function replayCommand(): Command {
  return new Command('replay')
    .summary('tell what a limit would have done to the traffic of an access log')
    .description(
      'Tells what a limit would have done to the traffic that an access log recorded, and the lowest limits that ' +
        'would have done.\n\nReads Common or Combined Log Format, plain or gzip; - is standard input. Several files ' +
        'are taken as one log.',
    )
    .argument('<log...>', 'access logs')
    .option('-k, --key <key>', 'what tells users apart: client, user, or the number of a field', parseKey, 'client')
    .option('-l, --limit <requests>', 'requests of a user in any window', wholeNumber(1, MOST), 50)
    .option('-w, --window <ms>', 'length of the window in milliseconds', number(1, Number.MAX_SAFE_INTEGER), 1000)
    .option('-b, --burst <tokens>', 'most burst tokens of a user; 0 for none', number(0, MOST), 100)
    .option('-r, --refill <tokens>', 'burst tokens earned by a second of inactivity', number(0, MOST), 1)
    .option('-t, --top <users>', 'how many limited users to list', wholeNumber(0, MOST), 10)
    .option('--no-sort', 'take requests in the order of the log, not of their times')
    .option('--max-users <users>', 'users that the limiter has room for (default: all)', wholeNumber(1, 30_000_000))
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  $ spillway replay access.log
  $ spillway replay --limit 30 --window 60000 --burst 0 access.log access.log.1 access.log.2.gz
  $ ssh web1 cat /var/log/nginx/access.log | spillway replay --key user --json -

Fields are numbered from 1: address, identity, user, [time], "request", status, bytes, "referer", "agent".
Log times have whole seconds: read figures for windows below 10 seconds as lower bounds.`,
    )
    .action(async (logs: string[], options: Options, command: Command) => {
      const settings: ReplaySettings = {
        key: options.key,
        limit: options.limit,
        windowMs: options.window,
        burstCapacity: options.burst,
        refillPerSecond: options.refill,
        sort: options.sort,
        maxUsers: options.maxUsers,
        top: options.top,
      }
      try {
        const report = await replay(logs, settings)
        process.stdout.write(`${options.json ? JSON.stringify(report, null, 2) : formatReport(report)}\n`)
      } catch (error) {
        if (!(error instanceof LogError)) throw error
        command.error(`error: ${error.message}`, { exitCode: 1 })
      }
    })
}

interface Options {
  readonly key: Key
  readonly limit: number
  readonly window: number
  readonly burst: number
  readonly refill: number
  readonly top: number
  readonly maxUsers?: number
  readonly sort: boolean
  readonly json?: boolean
}

function parseKey(text: string): Key {
  if (text === 'client' || text === 'user') return text
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be client, user, or the number of a field, counted from 1.')
}

/**
 * Replays logs.
 *
 * @param names files, `-` for `stdin`
 * @throws {LogError} if one cannot be read, or holds no request
 */
export async function replay(
  names: readonly string[],
  settings: ReplaySettings,
  stdin: Readable = process.stdin,
): Promise<ReplayReport> {
  const sources = await findLogs(names, stdin, settings.key)
  const reading = await readTrace(sources, settings)
  const { trace } = reading
  const progress = startProgress('Replaying', 1)
  try {
    const outcome = await runTrace(trace, settings, settings.limit, settings.maxUsers)
    const peaks = findPeaks(trace, settings.windowMs, outcome.denials)
    const top = indexOfMost(peaks.requests)
    const lowestLimits = await findLowestLimits(trace, settings, LIMITED_PERCENTS, peaks.requests[top]!, (part) =>
      progress.update(part, 'looking for the lowest limits'),
    )
    const { key, limit, windowMs, burstCapacity, refillPerSecond, sort } = settings
    const from = trace.times[0]!
    const to = trace.times[trace.length - 1]!
    const { denied: _, ...peak } = busiestWindow(peaks, top)
    return {
      files: sources.map(({ name }) => name),
      settings: { key, limit, windowMs, burstCapacity, refillPerSecond, sort, maxUsers: outcome.maxUsers },
      lines: {
        read: reading.lines,
        unreadable: reading.unreadable,
        firstUnreadable: reading.firstUnreadable,
        withoutKey: reading.withoutKey,
        outOfOrder: trace.outOfOrder,
        largestStepBackMs: trace.largestStepBackMs,
        wholeSeconds: trace.wholeSeconds,
      },
      from: utc(from),
      to: utc(to),
      durationMs: to - from,
      requests: trace.length,
      users: trace.names.length,
      allowed: trace.length - outcome.denied,
      denied: outcome.denied,
      deniedPercent: percentOf(outcome.denied, trace.length),
      burstSpent: outcome.burstSpent,
      evicted: outcome.evicted,
      peak: { user: decode(trace.names[top]!), ...peak },
      lowestLimits,
      ...limitedUsers(trace, outcome, peaks, settings.top),
    }
  } finally {
    progress.stop()
  }
}

interface Reading {
  readonly trace: Trace
  lines: number
  unreadable: number
  withoutKey: number
  readonly firstUnreadable: { file: string; line: number; text: string }[]
}

async function readTrace(sources: readonly LogSource[], { key, sort }: ReplaySettings): Promise<Reading> {
  const reading: Reading = { trace: new Trace(sort), lines: 0, unreadable: 0, withoutKey: 0, firstUnreadable: [] }
  const total = sources.reduce<number | undefined>((sum, { size }) => addKnown(sum, size), 0)
  const progress = startProgress('Reading', total)
  let bytes = 0
  const onBytes = (more: number) => {
    bytes += more
    progress.update(bytes, `${grouped(reading.trace.length)} requests of ${grouped(reading.trace.names.length)} users`)
  }
  try {
    for (const source of sources) {
      const visit = (buffer: Buffer, start: number, end: number, line: number) => {
        reading.lines++
        const entry = parseLine(buffer, start, end, key)
        if (entry?.key !== undefined) {
          reading.trace.add(entry.key, entry.timeMs)
        } else if (entry) {
          reading.withoutKey++
        } else if (reading.unreadable++ < BAD_LINES_SHOWN) {
          const text = buffer.toString('utf8', start, Math.min(end, start + BAD_LINE_BYTES))
          reading.firstUnreadable.push({ file: source.name, line, text: printable(text, BAD_LINE_WIDTH) })
        }
      }
      await readLines(source, visit, onBytes)
    }
  } finally {
    progress.stop()
  }
  if (reading.trace.length === 0) throw new LogError(whyNothing(sources, reading, bytes, key))
  if (sort) reading.trace.sort()
  return reading
}

function addKnown(sum: number | undefined, size: number | undefined): number | undefined {
  return sum === undefined || size === undefined ? undefined : sum + size
}

function whyNothing(sources: readonly LogSource[], reading: Reading, bytes: number, key: Key): string {
  const names = sources.map(({ name }) => name).join(', ')
  if (bytes === 0) return `${names}: empty`
  if (reading.withoutKey > 0) {
    const what = typeof key === 'number' ? `a field ${key}` : `a ${key}`
    return `${names}: none of the ${grouped(reading.withoutKey)} lines has ${what} to tell users apart by`
  }
  const [first] = reading.firstUnreadable
  const example = first ? `; line ${first.line} is: ${first.text}` : ''
  return `${names}: no line of Common or Combined Log Format${example}`
}

function limitedUsers(trace: Trace, { denials }: Outcome, peaks: Peaks, top: number) {
  const { names } = trace
  const requests = countByUser(trace)
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
