/** The formats that a replay reads, and which of them a log is. */
import { LogError } from '../log-error.js'
import { alb, haproxy } from './balancers.js'
import { combined, vhostCombined, whyNotCommon } from './common.js'
import type { FormatName, Key, LineReader, LogFormat } from './format.js'
import { caddy, nginxJson, whyNoJson } from './json.js'
import { cloudfront } from './w3c.js'

export type { FormatName, Key, LineReader, LogEntry, ReadLine } from './format.js'

/** Each line is of one of them at most. */
const FORMATS: readonly LogFormat[] = [combined, vhostCombined, nginxJson, caddy, alb, cloudfront, haproxy]

export const FORMAT_NAMES: readonly FormatName[] = FORMATS.map(({ name }) => name)

export const NO_FORMAT = 'in none of the formats that replay reads'

const BRACE = 0x7b

interface DetectorOptions {
  readonly key: Key
  /** `undefined` for what the first line that is of any format is of. */
  readonly format: FormatName | undefined
  readonly trusting: boolean
  /** Is told the format, once. */
  readonly onFormat?: (name: FormatName) => void
}

/** A reader for one file. It finds the format, unless that is given. */
export function openReader({ key, format, trusting, onFormat }: DetectorOptions): LineReader {
  if (format !== undefined) {
    onFormat?.(format)
    return formatNamed(format).open(key, { given: true, trusting })
  }
  let reader: LineReader | undefined
  return (line, start, end) => {
    if (!reader) {
      const found = FORMATS.find((candidate) => candidate.fits(line, start, end))
      if (!found) return whyNone(line, start, end)
      reader = found.open(key, { given: false, trusting })
      onFormat?.(found.name)
    }
    return reader(line, start, end)
  }
}

function whyNone(line: Buffer, start: number, end: number): string {
  if (line[start] === BRACE) return whyNoJson(line, start, end)
  return whyNotCommon(line, start, end) ?? NO_FORMAT
}

function formatNamed(name: FormatName): LogFormat {
  const found = FORMATS.find((format) => format.name === name)
  if (found) return found
  throw new LogError(`there is no format ${name}`)
}
