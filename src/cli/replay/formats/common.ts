/**
 * Common and Combined Log Format, and the same with the virtual host before it:
 *
 *          address identity user [day/month/year:hour:minute:second zone] "request" status bytes "referer" "agent"
 *          1       2        3    4                                        5         6      7     8         9
 *     host address identity user [...]
 *     1    2       3        4    5
 *
 * A line is readable if it has all up to the time, which may be ISO 8601, too. The rest matters only to a key found there, so
 * a line that was cut short still counts. Where the address is what proxies forwarded, it may be a list: `a, b - - [...`.
 *
 * Keys are strings of one character a byte: two users stay two in any encoding, and no key keeps the text around it in memory.
 */
import { parseAddress } from '../../../http/address.js'
import { LogError } from '../log-error.js'
import type { Key, LogEntry, LogFormat } from './format.js'
import { daysOf, monthAt, parseIsoTime } from './times.js'

const SPACE = 0x20
const QUOTE = 0x22
const PLUS = 0x2b
const COMMA = 0x2c
const MINUS = 0x2d
const POINT = 0x2e
const SLASH = 0x2f
const ZERO = 0x30
const COLON = 0x3a
const OPEN = 0x5b
const BACKSLASH = 0x5c
const CLOSE = 0x5d

export const combined: LogFormat = {
  name: 'combined',
  fits: (line, start, end) => parseLine(line, start, end, 1) !== undefined && before(line, start, end) === undefined,
  open(key, { given }) {
    const field = fieldOf('combined', key)
    return (line, start, end) => {
      // As a line of Common Log Format its user would be the host.
      const more = given ? undefined : before(line, start, end)
      if (more === 'host') return 'begins with a virtual host, unlike the lines before'
      if (more === 'address') return TWO_ADDRESSES
      return parseLine(line, start, end, field) ?? 'not in Common or Combined Log Format'
    }
  },
}

export const vhostCombined: LogFormat = {
  name: 'vhost-combined',
  fits: (line, start, end) => before(line, start, end) === 'host' && parseLine(line, start, end, 1, true) !== undefined,
  open(key, { given }) {
    const field = fieldOf('vhost-combined', key)
    return (line, start, end) => {
      // Its first address would be the host, and the next the client.
      if (!given && before(line, start, end) !== 'host') return WITHOUT_HOST
      return parseLine(line, start, end, field, true) ?? WITHOUT_HOST
    }
  },
}

const WITHOUT_HOST = 'not in Combined Log Format after a virtual host'

const TWO_ADDRESSES = 'begins with two addresses: --format combined with --key 1 or 2 says which is the client'

/** Why a line of something like Common Log Format is of neither of these formats; undefined for all others. */
export function whyNotCommon(line: Buffer, start: number, end: number): string | undefined {
  const isCommon = parseLine(line, start, end, 1) !== undefined
  return isCommon && before(line, start, end) === 'address' ? TWO_ADDRESSES : undefined
}

type Field = 'client' | 'user' | number

function fieldOf(format: string, key: Key): Field {
  if (typeof key === 'number' || key === 'client' || key === 'user') return key
  throw new LogError(`${format} has no field named ${key}: --key is client, user, or the number of a field`)
}

/**
 * Reads the line from `start` to `end`, without its end-of-line. `undefined` if it is not of the format.
 *
 * @param afterHost whether the first field is a virtual host
 */
export function parseLine(
  line: Buffer,
  start: number,
  end: number,
  key: Field,
  afterHost = false,
): LogEntry | undefined {
  const address = afterHost ? nextField(line, fieldEnd(line, start, end), end) : start
  const addressEnd = listEnd(line, address, end)
  const identity = nextField(line, addressEnd, end)
  const user = nextField(line, fieldEnd(line, identity, end), end)
  if (addressEnd === address || user >= end) return undefined
  if (afterHost && line[fieldEnd(line, start, end) - 1] === COMMA) return undefined
  if (afterHost && line[address] === MINUS && addressEnd === address + 1) return undefined
  // Servers write user names as they are, spaces too, so the user ends where a time begins.
  for (let at = user + 1; at < end; at++) {
    if (line[at] !== OPEN || line[at - 1] !== SPACE) continue
    const iso = line[at + 5] === MINUS ? parseIsoAt(line, at + 1, end) : undefined
    const timeMs = iso?.timeMs ?? parseTime(line, at + 1, end)
    if (!(timeMs >= 0)) continue
    const name =
      key === 'client'
        ? text(line, address, addressEnd)
        : key === 'user'
          ? text(line, user, at - 1)
          : numbered(line, start, end, key)
    return iso?.zoneless ? { timeMs, key: name, zoneless: true } : { timeMs, key: name }
  }
  return undefined
}

function numbered(line: Buffer, start: number, end: number, key: number): string | undefined {
  let at = start
  for (let n = key; n > 1; n--) at = nextField(line, listEnd(line, at, end), end)
  return text(line, at, listEnd(line, at, end))
}

/**
 * What a line has before the address, `www.example.com:80 192.0.2.7 - - [`: there are four fields at least before the time, of
 * which the second is an address, or the first has a port and the second is not `-`. Two addresses may be anything.
 */
function before(line: Buffer, start: number, end: number): 'host' | 'address' | undefined {
  const hostEnd = fieldEnd(line, start, end)
  const second = nextField(line, hostEnd, end)
  const secondEnd = fieldEnd(line, second, end)
  // Nearly always: the identity, which nobody has.
  if (secondEnd - second === 1 && line[second] === MINUS) return undefined
  if (hostEnd === start || line[start] === QUOTE || line[hostEnd - 1] === COMMA) return undefined
  const third = nextField(line, secondEnd, end)
  const fourth = nextField(line, fieldEnd(line, third, end), end)
  if (fourth >= end || line[third] === OPEN || line[fourth] === OPEN) return undefined
  const host = line.toString('latin1', start, hostEnd)
  if (parseAddress(line.toString('latin1', second, secondEnd).replace(/,$/, ''))) {
    return parseAddress(host) && !/\.\d+:\d+$|\]:\d+$/.test(host) ? 'address' : 'host'
  }
  return /^[^:]+:\d{1,5}$/.test(host) ? 'host' : undefined
}

/** Where a list `a, b` ends that starts at `at`; the end of the field where it is none. */
function listEnd(line: Buffer, at: number, end: number): number {
  let stop = fieldEnd(line, at, end)
  while (line[at] !== QUOTE && stop > at && line[stop - 1] === COMMA && stop < end) {
    stop = fieldEnd(line, nextField(line, stop, end), end)
  }
  return stop
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

/** Reads `2015-05-17T10:05:03+02:00]`. */
function parseIsoAt(line: Buffer, at: number, end: number) {
  const close = line.indexOf(CLOSE, at)
  return close < 0 || close >= end || close - at > 40 ? undefined : parseIsoTime(line.toString('latin1', at, close))
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
  const month = monthAt(line, at + 3)
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
