/** Log formats: lines of each, how they are told apart, and what is said of lines that do not fit. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { FormatName, Key } from '../../../src/cli/replay/formats/index.js'
import { FORMAT_NAMES, openReader } from '../../../src/cli/replay/formats/index.js'
import { parsePath } from '../../../src/cli/replay/formats/json.js'
import { parseAnyTime } from '../../../src/cli/replay/formats/times.js'

const LINES: { readonly [Name in FormatName]: readonly string[] } = {
  combined: ['198.51.100.3 - ada [24/Nov/2026:10:30:45 +0000] "GET / HTTP/1.1" 200 12 "-" "curl/8"'],
  'vhost-combined': [
    'shop.example.org:443 198.51.100.3 - ada [24/Nov/2026:10:30:45 +0000] "GET / HTTP/1.1" 200 12 "-" "curl/8"',
  ],
  'nginx-json': [
    '{"time_iso8601":"2026-11-24T10:30:45+00:00","remote_addr":"198.51.100.3","remote_user":"ada","status":200}',
  ],
  caddy: [
    '{"level":"info","ts":1795516245,"msg":"handled request","request":{"remote_ip":"10.0.0.9","client_ip":"198.51.100.3",' +
      '"headers":{"X-Api-Key":["k1"],"X-Forwarded-For":["203.0.113.1, 198.51.100.4"]}},"user_id":"ada","status":200}',
  ],
  alb: [
    'h2 2026-11-24T10:30:45.500000Z app/front/1 198.51.100.3:40000 10.0.0.1:80 0.001 0.4 0.0 200 200 5 6 ' +
      '"GET https://example.org:443/a%20b HTTP/2.0" "a \\"b\\" c" TLS1 TLSv1.2 arn:x "Root=1" "example.org" "arn:y" 0 ' +
      '2026-11-24T10:30:45.000000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-"',
  ],
  cloudfront: [
    '#Version: 1.0',
    '#Fields: date time c-ip cs-method cs(User-Agent) x-forwarded-for x-host-header',
    '2026-11-24\t10:30:45\t198.51.100.3\tGET\ta%20b\t-\tshop.example.org',
  ],
  haproxy: [
    'Nov 24 10:30:45 lb1 haproxy[77]: 198.51.100.3:40000 [24/Nov/2026:10:30:45.000] web app/s1 1/0/3/6/10 200 27 - - ---- ' +
      '1/1/1/1/0 0/0 {203.0.113.1, 10.0.0.7} {} "GET / HTTP/1.1"',
  ],
}

const TIME_MS = Date.UTC(2026, 10, 24, 10, 30, 45)

interface Options {
  readonly key?: Key
  readonly format?: FormatName
  readonly trusting?: boolean
}

/** What each line is, and the format that was found. */
function read(lines: readonly string[], { key = 'client', format, trusting = false }: Options = {}) {
  const formats: FormatName[] = []
  const reader = openReader({ key, format, trusting, onFormat: (name) => formats.push(name) })
  const entries = lines.map((line) => {
    const bytes = Buffer.from(line)
    return reader(bytes, 0, bytes.length)
  })
  return { formats, entries, last: entries.at(-1) }
}

function keyOf(lines: readonly string[], key: Key): string | undefined {
  const { last } = read(lines, { key })
  return typeof last === 'object' ? last?.key : `misfit: ${last}`
}

describe.each(Object.entries(LINES))('%s', (name, lines) => {
  it('is found by its lines, and gives time and client', () => {
    const { formats, last } = read(lines)
    expect(formats).toEqual([name])
    expect(last).toMatchObject({ timeMs: TIME_MS })
    expect(keyOf(lines, 'client')).toMatch(/^198\.51\.100\.3(:40000)?$/)
  })

  it('is the same by name', () => {
    expect(read(lines, { format: name as FormatName })).toEqual(read(lines))
  })

  it('says so of other lines, whether they come first or later', () => {
    for (const bad of ['hello world', '{"a":1}', '{', '- - -', '"', '[]', '\0']) {
      const { entries } = read([bad, ...lines, bad])
      expect(typeof entries[0]).toBe('string')
      expect(typeof entries.at(-1)).toBe('string')
    }
  })

  it('says of lines of every other format that they do not fit', () => {
    for (const other of FORMAT_NAMES) {
      if (other === name) continue
      const { entries, formats } = read([...lines, ...LINES[other].filter((line) => !line.startsWith('#'))])
      expect(formats).toEqual([name])
      // JSON of nginx has whatever names its admin chose, so that it may be Caddy's.
      if (name === 'nginx-json' && other === 'caddy') continue
      expect(typeof entries.at(-1)).toBe('string')
    }
  })
})

describe('a virtual host before a line', () => {
  it.each([
    ['www.example.com:80 203.0.113.7 - - [', '203.0.113.7'],
    ['www.example.com 203.0.113.7 - - [', '203.0.113.7'],
    ['www.example.com:443 2001:db8::7 - - [', '2001:db8::7'],
    ['www.example.com:443 203.0.113.7, 10.0.0.1 - - [', '203.0.113.7, 10.0.0.1'],
    ['www.example.com 203.0.113.7, 10.0.0.1 - - [', '203.0.113.7, 10.0.0.1'],
    ['www.example.com:443 crawler.example.org - John Doe [', 'crawler.example.org'],
  ])('is seen: %s', (start, client) => {
    const line = `${start}24/Nov/2026:10:30:45 +0000] "GET / HTTP/1.1" 200 12`
    expect(read([line])).toMatchObject({ formats: ['vhost-combined'], last: { key: client, timeMs: TIME_MS } })
  })

  it.each([
    ['203.0.113.7 - - ['],
    ['203.0.113.7:4000 - John Doe ['],
    ['crawler.example.org - John [QA] Doe ['],
    ['203.0.113.7, 10.0.0.1 - - ['],
    ['203.0.113.7 ident ada ['],
  ])('is not seen where there is none: %s', (start) => {
    expect(read([`${start}24/Nov/2026:10:30:45 +0000] "GET / HTTP/1.1" 200 12`]).formats).toEqual(['combined'])
  })

  it('has fields that count from the host on, and a user', () => {
    const lines = LINES['vhost-combined']
    expect(keyOf(lines, 1)).toBe('shop.example.org:443')
    expect(keyOf(lines, 2)).toBe('198.51.100.3')
    expect(keyOf(lines, 'user')).toBe('ada')
    expect(keyOf(lines, 7)).toBe('200')
  })

  it('may be an address only with a port; two addresses are not guessed about', () => {
    const rest = ' - - [24/Nov/2026:10:30:45 +0000] "GET / HTTP/1.1" 200 12'
    expect(read([`192.0.2.1:80 203.0.113.7${rest}`]).formats).toEqual(['vhost-combined'])
    const two = `10.0.0.1 203.0.113.7${rest}`
    const why = expect.stringMatching(/^begins with two addresses: --format combined/)
    expect(read([two])).toEqual({ formats: [], entries: [why], last: why })
    expect(read([...LINES.combined, two]).last).toEqual(why)
    expect(read([two], { format: 'combined', key: 2 }).last).toMatchObject({ key: '203.0.113.7' })
  })

  it('is not made of the first of a list, even where others have one', () => {
    const list = '203.0.113.7, 10.0.0.1 - - [24/Nov/2026:10:30:45 +0000] "GET / HTTP/1.1" 200 12'
    const why = 'not in Combined Log Format after a virtual host'
    expect(read([...LINES['vhost-combined'], list]).last).toBe(why)
    expect(read([list], { format: 'vhost-combined' }).last).toBe(why)
    expect(read([LINES.combined[0]!], { format: 'vhost-combined' }).last).toBe(why)
  })

  it('counts as a field of combined if that is what is asked for', () => {
    const { last } = read(LINES['vhost-combined'], { format: 'combined', key: 2 })
    expect(last).toMatchObject({ key: '198.51.100.3' })
  })
})

describe('keys', () => {
  it.each<[FormatName, Key, string | undefined]>([
    ['nginx-json', 'user', 'ada'],
    ['nginx-json', 'status', '200'],
    ['nginx-json', 'no.such', undefined],
    ['caddy', 'user', 'ada'],
    ['caddy', 'request.headers.X-Api-Key[0]', 'k1'],
    ['caddy', 'request.headers.X-Api-Key', 'k1'],
    ['caddy', 'request["remote_ip"]', '10.0.0.9'],
    ['caddy', 'request.headers.X-Api-Key[1]', undefined],
    ['caddy', 'request.constructor', undefined],
    ['caddy', 'request.headers', 'misfit: request.headers is an object, not a value'],
    ['alb', 13, 'GET https://example.org:443/a%20b HTTP/2.0'],
    ['alb', 14, 'a \\"b\\" c'],
    ['alb', 19, 'example.org'],
    ['alb', 99, undefined],
    ['cloudfront', 'x-host-header', 'shop.example.org'],
    ['cloudfront', 'CS(user-agent)', 'a b'],
    ['cloudfront', 4, 'GET'],
    ['cloudfront', 'x-forwarded-for', undefined],
    ['haproxy', 2, '24/Nov/2026:10:30:45.000'],
    ['haproxy', 4, 'app/s1'],
    ['haproxy', 13, '203.0.113.1, 10.0.0.7'],
    ['haproxy', '13.1', '203.0.113.1, 10.0.0.7'],
    ['haproxy', '13.2', undefined],
    ['haproxy', 14, undefined],
    ['haproxy', 15, 'GET / HTTP/1.1'],
  ])('of %s: %s', (name, key, expected) => {
    expect(keyOf(LINES[name], key)).toBe(expected)
  })

  it.each<[FormatName, Key, RegExp]>([
    ['combined', 'agent', /combined has no field named agent: --key is client, user, or the number of a field/],
    ['nginx-json', 5, /nginx-json has no numbered fields/],
    ['caddy', 'request..x', /--key request..x is no path/],
    ['alb', 'user', /alb has no field named user/],
    ['haproxy', 'user', /haproxy has no field named user/],
    ['combined', '13.2', /combined has no field named 13.2/],
    ['cloudfront', 'user', /the log has no field cs-username; its #Fields: are date time c-ip /],
    ['cloudfront', 8, /the log has no field 8/],
  ])('of %s that there are not: %s', (name, key, message) => {
    expect(() => read(LINES[name], { key })).toThrow(message)
  })

  it('may be one of several headers that HAProxy captured', () => {
    const line = LINES.haproxy[0]!.replace('{203.0.113.1, 10.0.0.7}', '{203.0.113.1, 10.0.0.7|k1||z}')
    const keys = ['13', '13.1', '13.2', '13.3', '13.4', '13.5'].map((key) => keyOf([line], key === '13' ? 13 : key))
    expect(keys).toEqual(['203.0.113.1, 10.0.0.7|k1||z', '203.0.113.1, 10.0.0.7', 'k1', undefined, 'z', undefined])
  })

  it('may have a name with points', () => {
    const line = '{"ts":1795516245,"client":"c","a.b":"x","a":{"b":"y","c":"z"}}'
    expect(keyOf([line], 'a.b')).toBe('x')
    expect(keyOf([line], 'a.c')).toBe('z')
  })

  it('are one character a byte, in JSON too', () => {
    const key = keyOf(['{"ts":1795516245,"user":"Zoë"}'], 'user')
    expect(Buffer.from(key!, 'latin1').toString()).toBe('Zoë')
  })

  it.each([
    ['a', ['a']],
    ['a.b-c[0].d', ['a', 'b-c', 0, 'd']],
    ['a["b.c"][2]', ['a', 'b.c', 2]],
    ['a..b', undefined],
    ['a[x]', undefined],
    ['a.', undefined],
  ])('are paths: %s', (text, path) => {
    expect(parsePath(text)).toEqual(path)
  })
})

describe('what proxies forwarded comes along where both are logged, and matter', () => {
  it('in Caddy, whose client is then who is connected', () => {
    expect(read(LINES.caddy, { trusting: true }).last).toEqual({
      timeMs: TIME_MS,
      key: '10.0.0.9',
      forwarded: '203.0.113.1, 198.51.100.4',
    })
    expect(read(LINES.caddy).last).toEqual({ timeMs: TIME_MS, key: '198.51.100.3' })
  })

  it('in nginx, if anybody asks or not', () => {
    const line = LINES['nginx-json'][0]!.replace('}', ',"http_x_forwarded_for":"203.0.113.1"}')
    const entry = { timeMs: TIME_MS, key: '198.51.100.3', forwarded: '203.0.113.1' }
    expect(read([line]).last).toEqual(entry)
    expect(read([line], { trusting: true }).last).toEqual(entry)
    expect(read([line], { key: 'http_x_forwarded_for' }).last).toEqual({ timeMs: TIME_MS, key: '203.0.113.1' })
  })

  it('in CloudFront, and null where there is none', () => {
    expect(read(LINES.cloudfront, { trusting: true }).last).toMatchObject({ key: '198.51.100.3', forwarded: null })
    const listed = LINES.cloudfront.map((line) => line.replace('\t-\t', '\t203.0.113.1,%20203.0.113.2\t'))
    expect(read(listed, { trusting: true }).last).toMatchObject({ forwarded: '203.0.113.1, 203.0.113.2' })
  })
})

describe('JSON', () => {
  it('without a time says which names were looked for', () => {
    expect(read(['{"remote_addr":"198.51.100.3"}']).last).toMatch(/^JSON without a time: none of msec, time_iso8601, /)
    expect(read(['{"remote_addr":']).last).toBe('not a whole JSON object')
  })

  it('takes the most exact time that it has', () => {
    const line = '{"time_local":"24/Nov/2026:10:30:45 +0000","msec":"1795516245.318","remote_addr":"198.51.100.3"}'
    expect(read([line]).last).toMatchObject({ timeMs: TIME_MS + 318 })
  })
})

describe('times', () => {
  it.each([
    [1795516245.25, TIME_MS + 250],
    ['1795516245.250', TIME_MS + 250],
    [1795516245250, TIME_MS + 250],
    [1795516245250000, TIME_MS + 250],
    ['1795516245250000000', TIME_MS + 250],
    ['2026-11-24T10:30:45.25Z', TIME_MS + 250],
    ['2026-11-24T10:30:45,250+0000', TIME_MS + 250],
    ['24/Nov/2026:12:30:45 +0200', TIME_MS],
    ['24/Nov/2026:10:30:45.250 +0000', TIME_MS + 250],
  ])('are read: %j', (value, timeMs) => {
    expect(parseAnyTime(value)).toEqual({ timeMs })
  })

  it.each([['24/Nov/2026:10:30:45'], ['2026-11-24T10:30:45'], ['2026-11-24 10:30:45']])(
    'may lack a zone: %j',
    (value) => {
      expect(parseAnyTime(value)).toEqual({ timeMs: TIME_MS, zoneless: true })
    },
  )

  it.each([
    [-1],
    [Number.NaN],
    [null],
    [true],
    [''],
    ['12'],
    ['2026-13-24T10:30:45Z'],
    ['2026-11-31T10:30:45Z'],
    ['2026-11-24T10:30:45+24:00'],
    ['24/Foo/2026:10:30:45 +0000'],
    ['1970-01-01T00:00:00+01:00'],
  ])('are not: %j', (value) => {
    expect(parseAnyTime(value)).toBeUndefined()
  })
})

describe('W3C logs', () => {
  const row = '2026-11-24 10:30:45 198.51.100.3 ada'
  it('may have spaces between values, and new headers on the way', () => {
    const { entries, formats } = read([
      '#Software: Microsoft Internet Information Services 10.0',
      '#Fields: date time c-ip cs-username',
      row,
      '#Fields: date time cs-username c-ip',
      '2026-11-24 10:30:45 ada 198.51.100.3',
      `${row} more`,
    ])
    const entry = { timeMs: TIME_MS, key: '198.51.100.3' }
    expect(formats).toEqual(['cloudfront'])
    expect(entries).toEqual([null, null, entry, null, entry, 'has 5 fields, not the 4 of #Fields:'])
  })

  it('must have a header', () => {
    expect(read([row], { format: 'cloudfront' }).last).toBe('comes before any line #Fields:')
    expect(() => read(['#Fields: date time cs-method'])).toThrow(
      'the log has no field c-ip; its #Fields: are date time',
    )
  })
})

describe('balancers', () => {
  it('have clients of IPv6, and of none', () => {
    const client = (name: 'alb' | 'haproxy', text: string) =>
      keyOf(
        LINES[name].map((line) => line.replace('198.51.100.3:40000', text)),
        'client',
      )
    expect(client('alb', '[2001:db8::9]:40000')).toBe('[2001:db8::9]:40000')
    expect(client('haproxy', '2001:db8::9:40000')).toBe('2001:db8::9')
    expect(client('haproxy', 'unix:1')).toBeUndefined()
  })

  it('of AWS tell when a request came, old ones only when it was answered', () => {
    const old = LINES.alb.map((line) => line.split(' ').slice(0, 12).join(' '))
    expect(read(old).last).toMatchObject({ timeMs: TIME_MS + 500 })
  })

  it('of HAProxy have no zone, whatever syslog writes before', () => {
    const line = LINES.haproxy[0]!.replace(/^.*?: /, '')
    const { last } = read([line])
    expect(last).toMatchObject({ timeMs: TIME_MS, zoneless: true })
    expect(read([`2026-11-24T10:30:45.001+00:00 lb1 haproxy[77]: ${line}`]).last).toEqual(last)
  })

  it('of HAProxy say other things, too', () => {
    const other = 'Nov 24 10:30:45 lb1 haproxy[77]: Proxy web started.'
    const tcp =
      'Nov 24 10:30:45 lb1 haproxy[77]: 198.51.100.3:40000 [24/Nov/2026:10:30:45.000] in out/s1 0/0/5007 212 -- 0/0/0/0/3 0/0'
    expect(read([...LINES.haproxy, other, tcp]).entries.slice(1)).toEqual([
      'not a line of the HTTP log of HAProxy',
      'not a line of the HTTP log of HAProxy',
    ])
  })
})

// Lines as servers' documentation gives them, which the repository does not hold: see replay.test.ts.
const folder = ['../../../../', '../../../../../']
  .map((up) => new URL(`${up}shared/data/formats/`, import.meta.url).pathname)
  .find((path) => existsSync(path))
describe.skipIf(folder === undefined)('sample files (skipped where shared/data/formats is absent)', () => {
  it.each([
    ['alb.log', 'alb', 2],
    ['caddy.log', 'caddy', 2],
    ['cloudfront.log', 'cloudfront', 2],
    ['haproxy.log', 'haproxy', 1],
    ['nginx-json.log', 'nginx-json', 2],
    ['vhost-combined.log', 'vhost-combined', 2],
  ])('%s', (file, format, requests) => {
    const { entries, formats } = read(readFileSync(`${folder}${file}`, 'utf8').trimEnd().split('\n'))
    expect(formats).toEqual([format])
    const found = entries.filter((entry) => entry !== null)
    expect(found).toHaveLength(requests)
    for (const entry of found) expect(entry).toMatchObject({ timeMs: expect.any(Number), key: expect.any(String) })
  })
})
