/**
 * Reads logs into a trace, and counts what could not be read.
 */
import { grouped, printable, utc } from '../terminal/format.js'
import { startProgress } from '../terminal/progress.js'
import type { LogSource } from './access-log.js'
import { LogError, readLines } from './access-log.js'
import type { Key } from './log-line.js'
import { parseLine } from './log-line.js'
import type { ReplaySettings } from './settings.js'
import { Trace } from './trace.js'

const BAD_LINES_SHOWN = 5
const BAD_LINE_WIDTH = 100
const BAD_LINE_BYTES = 400

/** A limiter tells apart the times of some 139 years. Logs that seem longer hold a wrong time. */
const LONGEST_YEARS = 100
const MS_A_YEAR = 365.25 * 86_400_000

/** A trace, and what its logs held besides. */
export interface Reading {
  readonly trace: Trace
  lines: number
  unreadable: number
  withoutKey: number
  readonly firstUnreadable: { file: string; line: number; text: string }[]
}

/**
 * Reads logs as one.
 *
 * @param signal ends the reading early: the trace then holds what was read
 * @throws {LogError} if one cannot be read, or none holds a request
 */
export async function readTrace(
  sources: readonly LogSource[],
  { key, sort }: Pick<ReplaySettings, 'key' | 'sort'>,
  signal?: AbortSignal,
): Promise<Reading> {
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
      if (signal?.aborted) break
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
      await readLines(source, visit, { onBytes, signal })
    }
  } finally {
    progress.stop()
  }
  if (reading.trace.length === 0) {
    throw new LogError(
      signal?.aborted ? 'interrupted before the first request' : whyNothing(sources, reading, bytes, key),
    )
  }
  if (sort) reading.trace.sort()
  checkSpan(reading.trace)
  return reading
}

function checkSpan({ times }: Trace): void {
  const [from, to] = [times[0]!, times[times.length - 1]!]
  if (to - from <= LONGEST_YEARS * MS_A_YEAR) return
  throw new LogError(`the times reach from ${utc(from)} to ${utc(to)}, more than ${LONGEST_YEARS} years: one is wrong`)
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
