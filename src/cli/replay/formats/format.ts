/** What a log format is to a replay. */
import type { LogTime } from './times.js'

/**
 * What names a user: `client` and `user`, which formats know by themselves, the number of a field, counted from 1, or its name
 * or path.
 */
export type Key = string | number

/** What a replay needs to know of a request. */
export interface LogEntry extends LogTime {
  /** As logged, one character a byte; `undefined` where the line has none, or `-`. */
  readonly key: string | undefined
  /**
   * What proxies say in a header of their own, if the key is the address that is connected: null if nothing. Not there where
   * the log does not tell both.
   */
  readonly forwarded?: string | null
}

/** A request; or why the line is none, in a few words; or null for a header. */
export type ReadLine = LogEntry | string | null

/** Reads the line from `start` to `end`, without its end-of-line. One for each file, since headers name the fields. */
export type LineReader = (line: Buffer, start: number, end: number) => ReadLine

export type FormatName = 'combined' | 'vhost-combined' | 'nginx-json' | 'caddy' | 'alb' | 'cloudfront' | 'haproxy'

interface ReaderOptions {
  /** Whether the user named the format; otherwise a line of it was found. */
  readonly given: boolean
  /** Whether `--trust` was given, so that the connected address and the forwarded ones matter. */
  readonly trusting: boolean
}

export interface LogFormat {
  readonly name: FormatName
  /** Whether a line is of the format. */
  fits(line: Buffer, start: number, end: number): boolean
  /** @throws {LogError} if the format has no such key */
  open(key: Key, options: ReaderOptions): LineReader
}

/** Text as keys are: one character a byte of UTF-8, and no part of a longer text. `undefined` for none and `-`. */
export function keyOf(text: string | undefined): string | undefined {
  if (text === undefined || text === '' || text === '-') return undefined
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** The same of text that has one character a byte already. */
export function keyOfBytes(text: string | undefined): string | undefined {
  if (text === undefined || text === '' || text === '-') return undefined
  return Buffer.from(text, 'latin1').toString('latin1')
}
