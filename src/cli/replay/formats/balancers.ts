/**
 * Logs of load balancers, by their fields from left to right.
 *
 * AWS Application Load Balancer: field 2 is the time of the answer, 4 `client:port`, 22 the time of the request.
 *
 * HAProxy, `option httplog`, numbered from the client on, since syslog puts before it what it likes:
 *
 *     client:port [accept date] frontend backend/server timers status bytes cookie cookie state connections queues
 *     1           2             3        4              5      6      7     8      9      10    11          12
 *
 * then `{captured request headers}`, `{captured response headers}` where there are any, with `|` between them, and `"request"`.
 */
import { LogError } from '../log-error.js'
import type { FormatName, Key, LogFormat } from './format.js'
import { keyOfBytes } from './format.js'
import { parseClfTime, parseIsoTime } from './times.js'

const ALB = /^(?:https?|h2|grpcs?|wss?) \d{4}-\d\d-\d\dT[\d:.]+Z \S+ \S+:\d+ /
const ALB_FIELD = /"(?:[^"\\]|\\.)*"?|\S+/g
const ALB_ANSWERED = 2
const ALB_CLIENT = 4
const ALB_CREATED = 22

const HAPROXY =
  /(?:^|: )(\S+:\d+ \[(\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d[^\]]{0,12})\] \S+ \S+\/\S+ [+-]?\d+(?:\/[+-]?\d+){4} .*)$/s
const HAPROXY_FIELD = /"(?:[^"\\]|\\.)*"?|\{[^}]*\}|\[[^\]]*\]|\S+/g

/** `13.2`: the second of the headers in field 13. */
const CAPTURE = /^(\d+)\.(\d+)$/

export const alb: LogFormat = {
  name: 'alb',
  fits: (line, start, end) => ALB.test(line.toString('latin1', start, end)),
  open(key) {
    const number = numberOf('alb', key, ALB_CLIENT)
    return (line, start, end) => {
      const text = line.toString('latin1', start, end)
      if (!ALB.test(text)) return 'not a line of an AWS Application Load Balancer'
      const fields = text.match(ALB_FIELD)!
      const time = parseIsoTime(fields[ALB_CREATED - 1] ?? '') ?? parseIsoTime(fields[ALB_ANSWERED - 1]!)
      return time ? { ...time, key: keyOfBytes(bare(fields[number - 1])) } : 'has no time in field 2 or 22'
    }
  },
}

export const haproxy: LogFormat = {
  name: 'haproxy',
  fits: (line, start, end) => HAPROXY.test(line.toString('latin1', start, end)),
  open(key) {
    const [, captures, capture] = CAPTURE.exec(String(key)) ?? []
    const number = captures === undefined ? numberOf('haproxy', key, 1) : Number(captures)
    return (line, start, end) => {
      const [, text, date] = HAPROXY.exec(line.toString('latin1', start, end)) ?? []
      if (text === undefined || date === undefined) return 'not a line of the HTTP log of HAProxy'
      const time = parseClfTime(date)
      if (!time) return 'has no time'
      let field = bare(text.match(HAPROXY_FIELD)![number - 1])
      if (capture !== undefined) field = field?.split('|')[Number(capture) - 1]
      // Not in brackets even if it is IPv6; who comes by a Unix socket has no address.
      const client = number === 1 ? field?.replace(/:\d+$/, '').replace(/^unix$/, '-') : field
      return { ...time, key: keyOfBytes(client) }
    }
  },
}

function numberOf(format: FormatName, key: Key, client: number): number {
  if (key === 'client') return client
  if (typeof key === 'number') return key
  throw new LogError(`${format} has no field named ${key}: --key is client or the number of a field`)
}

/** Without its quotes, braces or brackets; `[2001:db8::1]:80` keeps them. */
function bare(field: string | undefined): string | undefined {
  return field?.replace(/^"(.*?)"?$|^\{(.*)\}$|^\[(.*)\]$/s, '$1$2$3')
}
