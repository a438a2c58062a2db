/**
 * One JSON object a line: nginx with `escape=json`, whose names each admin chooses, and Caddy.
 *
 * `--key` is a path: `remote_user`, `request.headers.X-Api-Key[0]`, `labels["a.b"]`.
 */
import { LogError } from '../log-error.js'
import type { FormatName, Key, LogFormat, ReadLine } from './format.js'
import { keyOf } from './format.js'
import type { LogTime } from './times.js'
import { parseAnyTime } from './times.js'

type Path = readonly (string | number)[]

interface Names {
  readonly time: readonly string[]
  readonly client: readonly string[]
  /** Who is connected, where `client` may be what the server itself made of a header. */
  readonly peer: readonly string[]
  readonly user: readonly string[]
  readonly forwarded: readonly string[]
}

const NGINX_CLIENT = ['remote_addr', 'remote_ip', 'client_ip', 'client']

const NGINX: Names = {
  time: ['msec', 'time_iso8601', 'time', 'timestamp', '@timestamp', 'ts', 'time_local'],
  client: NGINX_CLIENT,
  peer: NGINX_CLIENT,
  user: ['remote_user', 'user'],
  forwarded: ['http_x_forwarded_for', 'x_forwarded_for', 'http_forwarded'],
}

const CADDY: Names = {
  time: ['ts'],
  client: ['request.client_ip', 'request.remote_ip', 'request.remote_addr'],
  peer: ['request.remote_ip', 'request.remote_addr'],
  user: ['user_id'],
  forwarded: ['request.headers.X-Forwarded-For', 'request.headers.Forwarded'],
}

export const nginxJson = jsonFormat('nginx-json', NGINX, (log) => !isCaddy(log) && timeOf(log, NGINX) !== undefined)
export const caddy = jsonFormat('caddy', CADDY, (log) => isCaddy(log) && timeOf(log, CADDY) !== undefined)

/** Why a line that begins as JSON does is none of these formats. */
export function whyNoJson(line: Buffer, start: number, end: number): string {
  const log = parse(line, start, end)
  return log ? whyNoTime(NGINX) : NOT_JSON
}

/** @returns undefined for what is no path */
export function parsePath(text: string): Path | undefined {
  const path: (string | number)[] = []
  const part = /(?:^|\.)([^.[\]]+)|\[(\d{1,6})\]|\["([^"]+)"\]/y
  while (part.lastIndex < text.length) {
    const [, name, index, quoted] = part.exec(text) ?? []
    if (name === undefined && index === undefined && quoted === undefined) return undefined
    path.push(index === undefined ? (name ?? quoted)! : Number(index))
  }
  return path.length > 0 ? path : undefined
}

const NOT_JSON = 'not a whole JSON object'

function jsonFormat(name: FormatName, names: Names, fits: (log: object) => boolean): LogFormat {
  return {
    name,
    fits(line, start, end) {
      const log = parse(line, start, end)
      return log !== undefined && fits(log)
    },
    open(key, { trusting }) {
      const paths = pathsOf(name, names, key, trusting)
      // What the server made of its header already is not said again.
      const told = trusting || names.client === names.peer
      const forwarded = key === 'client' && told ? names.forwarded.map((text) => parsePath(text)!) : undefined
      return (line, start, end): ReadLine => {
        const log = parse(line, start, end)
        if (!log) return NOT_JSON
        const time = timeOf(log, names)
        if (!time) return whyNoTime(names)
        const found = textAt(log, paths)
        if (found === null) return `${typeof key === 'string' ? key : ''} is an object, not a value`
        return forwarded
          ? { ...time, key: keyOf(found), forwarded: keyOf(textAt(log, forwarded) ?? undefined) ?? null }
          : { ...time, key: keyOf(found) }
      }
    },
  }
}

function pathsOf(format: FormatName, names: Names, key: Key, trusting: boolean): Path[] {
  if (key === 'client') return (trusting ? names.peer : names.client).map((text) => parsePath(text)!)
  if (key === 'user') return names.user.map((text) => parsePath(text)!)
  if (typeof key === 'number') {
    throw new LogError(
      `${format} has no numbered fields: --key is client, user, or a path such as request.headers.Host[0]`,
    )
  }
  const path = parsePath(key)
  if (!path) throw new LogError(`--key ${key} is no path such as request.headers.X-Api-Key[0]`)
  // A name may have points itself.
  return path.length > 1 ? [[key], path] : [path]
}

function parse(line: Buffer, start: number, end: number): object | undefined {
  try {
    const log: unknown = JSON.parse(line.toString('utf8', start, end))
    return typeof log === 'object' && log !== null && !Array.isArray(log) ? log : undefined
  } catch {
    return undefined
  }
}

function timeOf(log: object, { time }: Names): LogTime | undefined {
  for (const name of time) {
    const found = parseAnyTime(at(log, [name]))
    if (found) return found
  }
  return undefined
}

function whyNoTime({ time }: Names): string {
  return `JSON without a time: none of ${time.join(', ')} holds one`
}

function isCaddy(log: object): boolean {
  const request = at(log, ['request'])
  return typeof request === 'object' && request !== null && ('remote_ip' in request || 'remote_addr' in request)
}

/** The first value that there is. A list of values, as headers have, is one with commas; null for an object. */
function textAt(log: object, paths: readonly Path[]): string | null | undefined {
  for (const path of paths) {
    const value = at(log, path)
    if (value === undefined || value === null) continue
    if (Array.isArray(value)) return value.join(', ')
    return typeof value === 'object' ? null : String(value)
  }
  return undefined
}

function at(log: object, path: Path): unknown {
  let value: unknown = log
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = (value as Record<string | number, unknown>)[part]
  }
  return value
}
