/**
 * Logs whose header names the fields, as CloudFront writes them, and IIS: `#Fields: date time c-ip ...`, then values between
 * tabs, or between spaces. The times are UTC, as the format says.
 */
import { LogError } from '../log-error.js'
import type { Key, LogFormat, ReadLine } from './format.js'
import { keyOfBytes } from './format.js'
import { parseIsoTime } from './times.js'

const FIELDS = '#Fields:'
const HEADER = /^#(?:Fields|Version|Software|Date|Start-Date|Remark):/

const CLIENT = 'c-ip'
const USER = 'cs-username'
const FORWARDED = 'x-forwarded-for'

interface Columns {
  readonly count: number
  readonly date: number
  readonly time: number
  readonly key: number
  /** -1 where there is none, or nobody asks. */
  readonly forwarded: number
}

export const cloudfront: LogFormat = {
  name: 'cloudfront',
  fits: (line, start, end) => HEADER.test(line.toString('latin1', start, Math.min(end, start + 20))),
  open(key) {
    let columns: Columns | undefined
    return (line, start, end): ReadLine => {
      const text = line.toString('latin1', start, end)
      if (text.startsWith(FIELDS)) {
        columns = columnsOf(text.slice(FIELDS.length).trim().split(/\s+/), key)
        return null
      }
      if (text.startsWith('#')) return null
      if (!columns) return 'comes before any line #Fields:'
      const values = text.split(text.includes('\t') ? '\t' : / +/)
      if (values.length !== columns.count) return `has ${values.length} fields, not the ${columns.count} of #Fields:`
      const time = parseIsoTime(`${values[columns.date]}T${values[columns.time]}Z`)
      if (!time) return 'has no time in date and time'
      const entry = { ...time, key: keyOfBytes(decoded(values[columns.key])) }
      if (columns.forwarded < 0) return entry
      return { ...entry, forwarded: keyOfBytes(decoded(values[columns.forwarded])) ?? null }
    }
  },
}

function columnsOf(names: readonly string[], key: Key): Columns {
  const find = (name: string) => names.findIndex((other) => other.toLowerCase() === name.toLowerCase())
  const need = (name: string) => {
    const found = find(name)
    if (found >= 0) return found
    throw new LogError(`the log has no field ${name}; its #Fields: are ${names.join(' ')}`)
  }
  const named = key === 'client' ? CLIENT : key === 'user' ? USER : key
  if (typeof named === 'number' && named > names.length) throw new LogError(`the log has no field ${named}`)
  return {
    count: names.length,
    date: need('date'),
    time: need('time'),
    key: typeof named === 'number' ? named - 1 : need(named),
    forwarded: key === 'client' ? find(FORWARDED) : -1,
  }
}

/** Spaces are written %20, of which lists have some. */
function decoded(value: string | undefined): string | undefined {
  return value?.replaceAll('%20', ' ')
}
