/**
 * Reads one line of a Common or Combined Log Format file: its time, and the field that names the user.
 *
 *     address identity user [day/month/year:hour:minute:second zone] "request" status bytes "referer" "agent"
 *     1       2        3    4                                        5         6      7     8         9
 *
 * A line is readable if it has the first four. The rest matters only to a key found there, so a line that was cut short
 * still counts. Keys are strings of one character a byte: two users stay two in any encoding, and no key keeps the text
 * around it in memory.
 */

/** What names a user: the first field, the third, or the one of this number, counted from 1. */
export type Key = 'client' | 'user' | number

/** What a replay needs to know of a request. */
export interface LogEntry {
  /** Milliseconds since 1970, UTC. */
  readonly timeMs: number
  /** One character a byte; `undefined` where the line has none, or `-`. */
  readonly key: string | undefined
}

const SPACE = 0x20
const QUOTE = 0x22
const PLUS = 0x2b
const MINUS = 0x2d
const POINT = 0x2e
const SLASH = 0x2f
const ZERO = 0x30
const COLON = 0x3a
const OPEN = 0x5b
const BACKSLASH = 0x5c
const CLOSE = 0x5d

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')
const MONTH_BY_BYTES = new Map(MONTHS.map((name, month) => [monthBytes(Buffer.from(name), 0), month]))

/** Reads the line from `start` to `end`, without its end-of-line. `undefined` if it is not of the format. */
export function parseLine(line: Buffer, start: number, end: number, key: Key): LogEntry | undefined {
  const addressEnd = fieldEnd(line, start, end)
  const identity = nextField(line, addressEnd, end)
  const user = nextField(line, fieldEnd(line, identity, end), end)
  if (addressEnd === start || user >= end) return undefined
  // Servers write user names as they are, spaces too, so the user ends where a time begins.
  for (let at = user + 1; at < end; at++) {
    if (line[at] !== OPEN || line[at - 1] !== SPACE) continue
    const timeMs = parseTime(line, at + 1, end)
    if (timeMs >= 0) return { timeMs, key: findKey(line, start, end, key, user, at - 1) }
  }
  return undefined
}

function findKey(line: Buffer, start: number, end: number, key: Key, user: number, userEnd: number) {
  if (key === 'user') return text(line, user, userEnd)
  let at = start
  for (let n = key === 'client' ? 1 : key; n > 1; n--) at = nextField(line, fieldEnd(line, at, end), end)
  return text(line, at, fieldEnd(line, at, end))
}

/** A field without its quotes or brackets. */
function text(line: Buffer, start: number, end: number): string | undefined {
  const closing = line[start] === QUOTE ? QUOTE : line[start] === OPEN ? CLOSE : undefined
  if (closing !== undefined && start < end) {
    start++
    if (end > start && line[end - 1] === closing) end--
  }
  if (start >= end || (end - start === 1 && line[start] === MINUS)) return undefined
  return line.toString('latin1', start, end)
}

/** Where the field that starts at `at` ends: in quotes, in brackets, or at a space. */
function fieldEnd(line: Buffer, at: number, end: number): number {
  if (line[at] === QUOTE) return quotedEnd(line, at, end)
  const closing = line[at] === OPEN ? CLOSE : SPACE
  while (at < end && line[at] !== closing) at++
  return closing === CLOSE && at < end ? at + 1 : at
}

/** Most servers escape quotes inside. Of the others, a quote without a space after it is inside. */
function quotedEnd(line: Buffer, at: number, end: number): number {
  for (at++; at < end; at++) {
    if (line[at] === BACKSLASH) at++
    else if (line[at] === QUOTE && (at + 1 === end || line[at + 1] === SPACE)) return at + 1
  }
  return end
}

function nextField(line: Buffer, at: number, end: number): number {
  while (at < end && line[at] === SPACE) at++
  return at
}

/** Reads `17/May/2015:10:05:03 +0200]`, fractions of the second allowed. NaN if it is no such time. */
function parseTime(line: Buffer, at: number, end: number): number {
  const separated =
    line[at + 2] === SLASH &&
    line[at + 6] === SLASH &&
    line[at + 11] === COLON &&
    line[at + 14] === COLON &&
    line[at + 17] === COLON
  if (!separated) return Number.NaN
  let zone = at + 20
  if (line[zone] === POINT) while (isDigit(line[++zone]));
  if (zone + 7 > end || line[zone] !== SPACE || line[zone + 6] !== CLOSE) return Number.NaN
  const fraction = zone === at + 20 ? 0 : Number(line.toString('latin1', at + 20, zone))

  const year = digits(line, at + 7, 4)
  const month = MONTH_BY_BYTES.get(monthBytes(line, at + 3)) ?? Number.NaN
  const day = digits(line, at, 2)
  const hour = digits(line, at + 12, 2)
  const minute = digits(line, at + 15, 2)
  const second = digits(line, at + 18, 2)
  const possible = year >= 1970 && day >= 1 && day <= daysOf(month, year) && hour < 24 && minute < 60 && second <= 60 // a leap second
  if (!possible) return Number.NaN
  return Date.UTC(year, month, day, hour, minute, second) + fraction * 1000 - offset(line, zone + 1) * 60_000
}

/** Minutes east of UTC. */
function offset(line: Buffer, at: number): number {
  const hours = digits(line, at + 1, 2)
  const minutes = digits(line, at + 3, 2)
  if (!(hours < 24 && minutes < 60)) return Number.NaN
  const east = 60 * hours + minutes
  return line[at] === PLUS ? east : line[at] === MINUS ? -east : Number.NaN
}

function daysOf(month: number, year: number): number {
  if (month === 1) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 3 || month === 5 || month === 8 || month === 10 ? 30 : 31
}

/** The three letters of a month as one number, upper and lower case alike. */
function monthBytes(line: Buffer, at: number): number {
  return (((line[at] ?? 0) | 0x20) << 16) | (((line[at + 1] ?? 0) | 0x20) << 8) | ((line[at + 2] ?? 0) | 0x20)
}

function digits(line: Buffer, at: number, count: number): number {
  let value = 0
  for (let i = at; i < at + count; i++) {
    const digit = line[i]
    if (!isDigit(digit)) return Number.NaN
    value = 10 * value + digit - ZERO
  }
  return value
}

function isDigit(byte: number | undefined): byte is number {
  return byte !== undefined && byte >= ZERO && byte < ZERO + 10
}
