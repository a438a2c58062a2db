/**
 * Times as logs write them. A time without a zone counts as UTC, and says that it has none: how long after another it is
 * does not depend on the zone.
 */

export interface LogTime {
  /** Milliseconds since 1970, UTC. */
  readonly timeMs: number
  readonly zoneless?: true
}

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')
const MONTH_BY_BYTES = new Map(MONTHS.map((name, month) => [monthBytes(Buffer.from(name), 0), month]))

const ISO = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,12}))?(?:(Z)|([+-])(\d\d):?(\d\d))?$/i
const CLF = /^(\d\d)\/([a-z]{3})\/(\d{4}):(\d\d):(\d\d):(\d\d)(?:\.(\d{1,12}))?(?: ([+-])(\d\d)(\d\d))?$/i

/** Above this a number of seconds would be in the year 5138; what is above counts milliseconds, micro- or nanoseconds. */
const MOST_SECONDS = 1e11

/** Reads `2015-05-17T10:05:03.250+02:00`, also with a space for the T and without the colon or the zone. */
export function parseIsoTime(text: string): LogTime | undefined {
  const match = ISO.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second, fraction, z, sign, east, minutesEast] = match
  const numbers = [year, month, day, hour, minute, second].map(Number) as Numbers
  numbers[1]--
  return assemble(numbers, fraction, z === undefined ? zone(sign, east, minutesEast) : 0)
}

/** Reads `17/May/2015:10:05:03 +0200`, also without the zone. */
export function parseClfTime(text: string): LogTime | undefined {
  const match = CLF.exec(text)
  if (!match) return undefined
  const [, day, month, year, hour, minute, second, fraction, sign, east, minutesEast] = match
  const at = MONTHS.indexOf(month!.toLowerCase())
  if (at < 0) return undefined
  const [y, d, h, min, s] = [year, day, hour, minute, second].map(Number)
  return assemble([y!, at, d!, h!, min!, s!], fraction, zone(sign, east, minutesEast))
}

/** Reads what JSON says of a time: one of the above, or a number since 1970, as text too, of a unit that its size tells. */
export function parseAnyTime(value: unknown): LogTime | undefined {
  if (typeof value === 'number') return parseNumber(value)
  if (typeof value !== 'string') return undefined
  if (/^\d{9,19}(\.\d{1,9})?$/.test(value)) return parseNumber(Number(value))
  return parseIsoTime(value) ?? parseClfTime(value)
}

function parseNumber(value: number): LogTime | undefined {
  if (!(value >= 0)) return undefined
  let ms = value
  if (ms < MOST_SECONDS) return { timeMs: round(ms * 1000) }
  // Milliseconds, or a thousand times as many: a unit for each.
  while (ms >= 1000 * MOST_SECONDS) ms /= 1000
  return { timeMs: round(ms) }
}

type Numbers = [year: number, month: number, day: number, hour: number, minute: number, second: number]

function assemble(numbers: Numbers, fraction: string | undefined, minutesEast: number | undefined) {
  const [year, month, day, hour, minute, second] = numbers
  const possible = year >= 1970 && day >= 1 && day <= daysOf(month, year) && hour < 24 && minute < 60 && second <= 60 // a leap second
  if (!possible || Number.isNaN(minutesEast)) return undefined
  const timeMs = Date.UTC(...numbers) + round(Number(`0.${fraction ?? 0}`) * 1000) - (minutesEast ?? 0) * 60_000
  if (timeMs < 0) return undefined
  return minutesEast === undefined ? { timeMs, zoneless: true as const } : { timeMs }
}

/** Minutes east of UTC; undefined without a zone, NaN if there is none such. */
function zone(sign: string | undefined, hours: string | undefined, minutes: string | undefined): number | undefined {
  if (sign === undefined) return undefined
  if (Number(hours) >= 24 || Number(minutes) >= 60) return Number.NaN
  return (sign === '-' ? -1 : 1) * (60 * Number(hours) + Number(minutes))
}

/** To whole microseconds: seconds as floating-point numbers hold no more. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000
}

/** The days of a month, counted from 0; NaN for no month. */
export function daysOf(month: number, year: number): number {
  if (!(month >= 0 && month < 12)) return Number.NaN
  if (month === 1) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 3 || month === 5 || month === 8 || month === 10 ? 30 : 31
}

/** The month, counted from 0, whose three letters stand there; NaN for none. */
export function monthAt(line: Buffer, at: number): number {
  return MONTH_BY_BYTES.get(monthBytes(line, at)) ?? Number.NaN
}

/** Three letters as one number, upper and lower case alike. */
function monthBytes(line: Buffer, at: number): number {
  return (((line[at] ?? 0) | 0x20) << 16) | (((line[at + 1] ?? 0) | 0x20) << 8) | ((line[at + 2] ?? 0) | 0x20)
}
