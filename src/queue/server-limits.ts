/**
 * What the headers of an answer tell of a server's limit: how many requests are left until when, and how long to wait.
 *
 * A server may send anything. So a header is read to its first `LONGEST` characters, by expressions whose time grows with
 * the square of that at most; a number that is none is not there; no time is negative, and none is above a day.
 */

/** What is needed of a response's `headers`. */
export interface HeaderSource {
  get(name: string): string | null
}

/** What a server says, as far as it does. */
interface ServerLimits {
  /** Requests that are left until the reset: 0 or more. Of several limits, of the one with the least left. */
  readonly remaining: number | undefined
  /** Milliseconds until the reset: there if `remaining` is. */
  readonly resetMs: number | undefined
  /** Milliseconds to wait, by `Retry-After`. */
  readonly retryAfterMs: number | undefined
}

/** Characters of a header that are read: some twenty policies. */
const LONGEST = 1000

/** The longest time, in milliseconds. Callers cap it further. */
const DAY_MS = 86_400_000

/** From here on a client's clock is rather wrong than the server's `Date` rounded or late. */
const SKEW_MS = 60_000

/** What the names of headers that tell one number each begin with. */
const PREFIXES = ['ratelimit-', 'x-ratelimit-', 'x-rate-limit-', 'anthropic-ratelimit-requests-']

/** Milliseconds of the units of durations, such as `6m0s`. */
const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: DAY_MS }

/** Strings of structured fields. */
const QUOTED = /"(?:[^"\\]|\\.)*"/g
/** Items of a structured list, with their parameters. No text fits in two ways, so none takes long. */
const ITEMS = /("(?:[^"\\]|\\.)*"|[^\s,;"]+)((?:\s*;(?:"(?:[^"\\]|\\.)*"|[^",;])*)*)/g

/**
 * Reads `Retry-After`; `RateLimit` of drafts 7 to 11, with the window of `RateLimit-Policy` where it tells no time; and the
 * headers that tell one number each: `RateLimit-*` of draft 6, `X-RateLimit-*`, `X-Rate-Limit-*` and
 * `anthropic-ratelimit-requests-*`. Their reset may be seconds, a time in seconds or milliseconds since 1970, a date, or a
 * duration.
 *
 * @param headers those of a response
 * @param now milliseconds since 1970
 */
export function readServerLimits(headers: HeaderSource, now: number): ServerLimits {
  const get = (name: string) => {
    const text = headers.get(name) ?? ''
    // Cut between items, so that no number is cut.
    return text.length > LONGEST ? text.slice(0, Math.max(0, text.lastIndexOf(',', LONGEST))) : text
  }
  const first = (...names: string[]) => names.map(get).find(Boolean)
  const date = Date.parse(get('date'))
  const today = Math.abs(date - now) > SKEW_MS ? date : now

  let remaining: number | undefined
  let resetMs: number | undefined
  const note = (left: string | undefined, time: string | undefined) => {
    const r = Math.max(0, Number(left || NaN))
    const t = timeOf(time, today)
    if (r >= 0 && t !== undefined && !(r > remaining!) && !(r === remaining && t < resetMs!)) {
      remaining = r
      resetMs = t
    }
  }

  // Behind a cache, it is what was left for whoever asked first.
  if (!(Number(get('age')) > 0)) {
    const field = get('ratelimit')
    note(/\bremaining=(-?[\d.]+)/.exec(field)?.[1], /\breset=(-?[\d.]+)/.exec(field)?.[1])
    const windows = new Map<string, string | undefined>()
    for (const [, name, parameters] of get('ratelimit-policy').matchAll(ITEMS)) {
      windows.set(name, parameter(parameters, 'w'))
    }
    for (const [, name, parameters] of field.matchAll(ITEMS)) {
      note(parameter(parameters, 'r'), parameter(parameters, 't') ?? windows.get(name))
    }
    for (const prefix of PREFIXES) {
      note(
        first(`${prefix}remaining`, `${prefix}remaining-requests`),
        first(`${prefix}reset-after`, `${prefix}reset`, `${prefix}reset-requests`),
      )
    }
  }
  return { remaining, resetMs, retryAfterMs: timeOf(get('retry-after'), today) }
}

/** The number that is a parameter of an item. */
function parameter(parameters: string, name: string): string | undefined {
  return new RegExp(`;\\s*${name}=(-?[\\d.]+)`).exec(parameters.replace(QUOTED, ''))?.[1]
}

/** Milliseconds from `now` until a time that is told in any of the usual ways. */
function timeOf(text: string | undefined, now: number): number | undefined {
  if (!text) return undefined
  let ms = Number(text) * 1000
  // Of 2001 and later: no server means a wait of 31 years.
  if (ms >= 1e14) ms = ms / 1000 - now
  else if (ms >= 1e12) ms -= now
  else if (text.includes(':')) ms = Date.parse(text) - now
  else if (Number.isNaN(ms)) {
    for (const [, count, unit] of text.matchAll(/([\d.]+)(ms|[dhms])/g)) ms = (ms || 0) + Number(count) * UNITS[unit]
  }
  return Number.isNaN(ms) ? undefined : Math.min(DAY_MS, Math.max(0, ms))
}
