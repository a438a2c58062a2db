/**
 * Reads logs into a trace, and counts what could not be read.
 */
import { grouped, printable, utc } from '../terminal/format.js'
import { startProgress } from '../terminal/progress.js'
import type { LineVisitor, LogSource } from './access-log.js'
import { readLines } from './access-log.js'
import { ClientKeys } from './client-key.js'
import type { FormatName } from './formats/index.js'
import { FORMAT_NAMES, NO_FORMAT, openReader } from './formats/index.js'
import { LogError } from './log-error.js'
import type { ReplaySettings } from './settings.js'
import { Trace } from './trace.js'

const BAD_LINES_SHOWN = 5
const BAD_LINE_WIDTH = 100
const BAD_LINE_BYTES = 400

/** A limiter tells apart the times of some 139 years. Logs that seem longer hold a wrong time. */
const LONGEST_YEARS = 100
const MS_A_YEAR = 365.25 * 86_400_000

/** Lines that something is to be told of, for the same reason. */
export interface Misfits {
  readonly why: string
  lines: number
  /** Whether they are no requests at all. */
  readonly unreadable: boolean
  /** Whether they count all the same. */
  readonly counted: boolean
  readonly first: ShownLine
}

/** A trace, and what its logs held besides. */
interface Reading {
  readonly trace: Trace
  readonly formats: ReadonlySet<FormatName>
  readonly lines: number
  readonly unreadable: number
  readonly withoutKey: number
  /** Requests whose times have no zone. */
  readonly zoneless: number
  /** Requests with forwarded addresses that nobody asked to heed. */
  readonly unheeded: number
  readonly firstUnreadable: readonly ShownLine[]
  /** In the order in which they came first. */
  readonly misfits: readonly Misfits[]
}

export interface ShownLine {
  readonly file: string
  readonly line: number
  readonly text: string
}

type Settings = Pick<ReplaySettings, 'key' | 'sort' | 'format' | 'trust' | 'ipv6Prefix'>

/**
 * Reads logs as one.
 *
 * @param signal ends the reading early: the trace then holds what was read
 * @throws {LogError} if one cannot be read, or none holds a request
 */
export async function readTrace(
  sources: readonly LogSource[],
  settings: Settings,
  signal?: AbortSignal,
): Promise<Reading> {
  const tally = new Tally(settings)
  const { trace } = tally
  const total = sources.reduce<number | undefined>((sum, { size }) => addKnown(sum, size), 0)
  const progress = startProgress('Reading', total)
  let bytes = 0
  const onBytes = (more: number) => {
    bytes += more
    progress.update(bytes, `${grouped(trace.length)} requests of ${grouped(trace.names.length)} users`)
  }
  try {
    for (const source of sources) {
      if (signal?.aborted) break
      await readLines(source, tally.visitorOf(source.name), { onBytes, signal })
    }
  } finally {
    progress.stop()
  }
  if (trace.length === 0) {
    if (signal?.aborted) throw new LogError('interrupted before the first request')
    const names = sources.map(({ name }) => name).join(', ')
    throw new LogError(`${names}: ${bytes === 0 ? 'empty' : whyNothing(tally, settings)}`)
  }
  if (settings.sort) trace.sort()
  checkSpan(trace)
  return { ...tally, trace, misfits: [...tally.misfits.values()] }
}

/** Takes lines, and keeps count. */
class Tally {
  readonly trace: Trace
  readonly formats = new Set<FormatName>()
  lines = 0
  unreadable = 0
  withoutKey = 0
  zoneless = 0
  unheeded = 0
  readonly firstUnreadable: ShownLine[] = []
  readonly misfits = new Map<string, Misfits>()
  readonly #settings: Settings
  readonly #clients: ClientKeys

  constructor(settings: Settings) {
    this.trace = new Trace(settings.sort)
    this.#settings = settings
    this.#clients = new ClientKeys(settings)
  }

  visitorOf(file: string): LineVisitor {
    const { key, format, trust } = this.#settings
    const onFormat = (name: FormatName) => this.formats.add(name)
    const read = openReader({ key, format, trusting: trust !== undefined, onFormat })
    return (buffer, start, end, line) => {
      const entry = read(buffer, start, end)
      if (entry === null) return
      this.lines++
      const unreadable = typeof entry === 'string'
      const { key, why } = unreadable ? { why: entry } : this.#clients.of(entry)
      if (why !== undefined && this.#isShown(why, unreadable)) {
        const text = printable(buffer.toString('utf8', start, Math.min(end, start + BAD_LINE_BYTES)), BAD_LINE_WIDTH)
        this.#show(why, unreadable, key !== undefined, { file, line, text })
      } else if (why !== undefined) {
        this.misfits.get(why)!.lines++
      }
      if (unreadable) {
        this.unreadable++
      } else if (key === undefined) {
        this.withoutKey++
      } else {
        if (entry.zoneless) this.zoneless++
        if (entry.forwarded && trust === undefined) this.unheeded++
        this.trace.add(key, entry.timeMs)
      }
    }
  }

  #isShown(why: string, unreadable: boolean): boolean {
    return !this.misfits.has(why) || (unreadable && this.firstUnreadable.length < BAD_LINES_SHOWN)
  }

  #show(why: string, unreadable: boolean, counted: boolean, first: ShownLine): void {
    if (unreadable && this.firstUnreadable.length < BAD_LINES_SHOWN) this.firstUnreadable.push(first)
    const known = this.misfits.get(why)
    if (known) known.lines++
    else this.misfits.set(why, { why, lines: 1, unreadable, counted, first })
  }
}

function checkSpan({ times }: Trace): void {
  const [from, to] = [times[0]!, times[times.length - 1]!]
  if (to - from <= LONGEST_YEARS * MS_A_YEAR) return
  throw new LogError(`the times reach from ${utc(from)} to ${utc(to)}, more than ${LONGEST_YEARS} years: one is wrong`)
}

function addKnown(sum: number | undefined, size: number | undefined): number | undefined {
  return sum === undefined || size === undefined ? undefined : sum + size
}

function whyNothing({ misfits, formats, withoutKey }: Tally, { key }: Settings): string {
  // Of lines without a key, what they lack is more to the point than what others are.
  const misfit = [...misfits.values()].find(({ unreadable }) => unreadable === (withoutKey === 0))
  if (!misfit && withoutKey === 0) return 'no request'
  if (!misfit) {
    const what = typeof key === 'number' ? `a field ${key}` : `a ${key}`
    return `none of the ${grouped(withoutKey)} lines has ${what} to tell users apart by; --key can name another field`
  }
  const { why, first } = misfit
  const example = `; line ${first.line} is: ${first.text}`
  if (withoutKey > 0) return why + example
  if (formats.size > 0) return `no line of ${[...formats].join(', ')}: ${why}${example}`
  return why === NO_FORMAT ? `${why} (${FORMAT_NAMES.join(', ')})${example}` : why + example
}
