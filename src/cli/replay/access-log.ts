/**
 * Reads access logs as streams: plain files, gzip files, standard input; never a whole file at a time.
 */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { addAbortSignal, pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { LogError } from './log-error.js'

/** A log that is there. */
export interface LogSource {
  /** As the user gave it. */
  readonly name: string
  /** Bytes; `undefined` for what is not a regular file. */
  readonly size: number | undefined
  open(): Readable
}

/** Takes a line: a part of a buffer, without its end-of-line, and its number, counted from 1. */
export type LineVisitor = (buffer: Buffer, start: number, end: number, number: number) => void

/** The time of a line, if it has any. */
export type TimeReader = (buffer: Buffer, start: number, end: number) => number | undefined

/** Of a longer line only this much is seen: what a replay needs stands at the front. */
const LONGEST_LINE = 65_536
const CHUNK_BYTES = 262_144
const NEWLINE = 0x0a
const RETURN = 0x0d

/**
 * Finds logs by name, `-` for standard input, before the first is read. Several files are put in the order of their
 * first times, since a shell lists rotated logs latest first.
 *
 * @param openReader makes what reads the times of one log
 * @throws {LogError} for one that is not there or cannot be read
 */
export async function findLogs(
  names: readonly string[],
  stdin: Readable,
  openReader: () => TimeReader,
): Promise<LogSource[]> {
  if (names.filter((name) => name === '-').length > 1) throw new LogError('- can be given only once')
  const sources = await Promise.all(names.map((name) => findLog(name, stdin)))
  if (sources.length === 1 || sources.some(({ size }) => size === undefined)) return sources
  const dated = []
  for (const source of sources) dated.push({ source, time: await firstTime(source, openReader()) })
  return dated.sort((a, b) => a.time - b.time).map(({ source }) => source)
}

async function findLog(name: string, stdin: Readable): Promise<LogSource> {
  if (name === '-') return { name: 'standard input', size: undefined, open: () => stdin }
  const open = () => createReadStream(name, { highWaterMark: CHUNK_BYTES })
  try {
    const found = await stat(name)
    if (found.isDirectory()) throw new LogError(`${name}: is a directory, not a file`)
    return { name, size: found.isFile() ? found.size : undefined, open }
  } catch (error) {
    throw explain(name, error)
  }
}

/** 0 for a log without any time, since it may come anywhere. */
async function firstTime(source: LogSource, read: TimeReader): Promise<number> {
  let time: number | undefined
  const lines = new LineSplitter((buffer, start, end) => {
    time ??= read(buffer, start, end)
  })
  for await (const chunk of readBytes(source)) {
    lines.push(chunk)
    if (time !== undefined) break
  }
  lines.end()
  return time ?? 0
}

/** What reading tells, and what ends it early. */
interface ReadWatch {
  /** Is told the bytes of each piece of the file, packed as they are. */
  readonly onBytes?: (bytes: number) => void
  readonly signal?: AbortSignal | undefined
}

/**
 * Reads a log line by line, unpacking gzip, which its first bytes tell. Empty lines are left out but numbered. Ends
 * early, without an error, when the signal is aborted.
 *
 * @throws {LogError} if it cannot be read to its end
 */
export async function readLines(source: LogSource, visit: LineVisitor, watch: ReadWatch = {}): Promise<void> {
  const { signal } = watch
  const lines = new LineSplitter(visit)
  for await (const chunk of readBytes(source, watch)) {
    lines.push(chunk)
    if (signal?.aborted) return
  }
  // A line that an interruption cut is no line.
  if (!signal?.aborted) lines.end()
}

async function* readBytes(source: LogSource, { onBytes, signal }: ReadWatch = {}): AsyncGenerator<Buffer> {
  const file = source.open()
  // Standard input may never say anything more, so an interruption must end the wait for it.
  if (signal) addAbortSignal(signal, file)
  try {
    yield* unpack(count(file, onBytes))
  } catch (error) {
    if (!signal?.aborted) throw explain(source.name, error)
  }
}

async function* count(chunks: AsyncIterable<Buffer>, onBytes?: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    onBytes?.(chunk.length)
    yield chunk
  }
}

async function* unpack(chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  let head = Buffer.alloc(0)
  while (head.length < 2) {
    const { value, done } = await chunks.next()
    if (done) break
    head = Buffer.concat([head, value])
  }
  const all = prepend(head, chunks)
  if (head[0] !== 0x1f || head[1] !== 0x8b) {
    yield* all
    return
  }
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES })
  // An error upstream becomes the error of `gunzip`.
  pipeline(Readable.from(all), gunzip, () => {})
  yield* gunzip
}

async function* prepend(head: Buffer, chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  yield head
  yield* chunks
}

/** Cuts chunks into lines, wherever the chunks end. */
class LineSplitter {
  readonly #visit: LineVisitor
  /** The beginning of a line that the last chunk cut. */
  #pending: Buffer[] = []
  #pendingBytes = 0
  #number = 0

  constructor(visit: LineVisitor) {
    this.#visit = visit
  }

  push(chunk: Buffer): void {
    let start = 0
    for (let stop = chunk.indexOf(NEWLINE); stop >= 0; stop = chunk.indexOf(NEWLINE, start)) {
      this.#take(chunk, start, stop)
      start = stop + 1
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start))
  }

  /** Takes a last line without end-of-line. */
  end(): void {
    if (this.#pendingBytes > 0) this.#take(Buffer.alloc(0), 0, 0)
  }

  #keep(piece: Buffer): void {
    const kept = piece.subarray(0, LONGEST_LINE - this.#pendingBytes)
    if (kept.length === 0) return
    this.#pending.push(kept)
    this.#pendingBytes += kept.length
  }

  #take(chunk: Buffer, start: number, stop: number): void {
    let line = chunk
    if (this.#pendingBytes > 0) {
      this.#keep(chunk.subarray(start, stop))
      line = Buffer.concat(this.#pending)
      start = 0
      stop = line.length
      this.#pending = []
      this.#pendingBytes = 0
    }
    this.#number++
    if (this.#number === 1 && line[start] === 0xef && line[start + 1] === 0xbb && line[start + 2] === 0xbf) start += 3
    if (stop > start && line[stop - 1] === RETURN) stop--
    if (stop > start) this.#visit(line, start, Math.min(stop, start + LONGEST_LINE), this.#number)
  }
}

function explain(name: string, error: unknown): unknown {
  if (error instanceof LogError || !(error instanceof Error)) return error
  switch ('code' in error ? error.code : undefined) {
    case 'ENOENT':
      return new LogError(`${name}: no such file`)
    case 'EISDIR':
      return new LogError(`${name}: is a directory, not a file`)
    case 'EACCES':
      return new LogError(`${name}: no permission to read it`)
    case 'Z_BUF_ERROR':
      return new LogError(`${name}: the gzip data ends too early; the file is not whole`)
    case 'Z_DATA_ERROR':
      return new LogError(`${name}: the gzip data is damaged (${error.message})`)
    default:
      return new LogError(`${name}: ${error.message}`)
  }
}
