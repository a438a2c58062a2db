/** Reading access logs: lines good and bad, and files of every kind. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { findLogs, readLines } from '../../../src/cli/replay/access-log.js'
import { parseLine } from '../../../src/cli/replay/formats/common.js'

const TIME = '[17/May/2015:10:05:03 +0000]'
const TIME_MS = Date.UTC(2015, 4, 17, 10, 5, 3)
const COMBINED = `192.0.2.7 - frank ${TIME} "GET /a.gif HTTP/1.0" 200 2326 "http://example.org/x y" "Mozilla/4.08 [en]"`

function parse(line: string | Buffer, key: 'client' | 'user' | number = 'client') {
  const bytes = Buffer.from(line)
  return parseLine(bytes, 0, bytes.length, key)
}

const noTimes = () => () => undefined

function timeOf(time: string) {
  return parse(`192.0.2.7 - - [${time}] "GET / HTTP/1.1" 200 1`)?.timeMs
}

describe('a line', () => {
  it('gives its time, and the client by default', () => {
    expect(parse(COMBINED)).toEqual({ timeMs: TIME_MS, key: '192.0.2.7' })
  })

  it('has fields that know of quotes and brackets', () => {
    const fields = Array.from({ length: 10 }, (_, i) => parse(COMBINED, i + 1)?.key)
    expect(fields).toEqual([
      '192.0.2.7',
      undefined,
      'frank',
      '17/May/2015:10:05:03 +0000',
      'GET /a.gif HTTP/1.0',
      '200',
      '2326',
      'http://example.org/x y',
      'Mozilla/4.08 [en]',
      undefined,
    ])
  })

  it('may have escaped, bare and missing quotes in its fields', () => {
    const start = `::1 - - ${TIME} `
    expect(parse(`${start}"GET /\\"a\\" HTTP/1.1" 200 5 "ref\\\\" "agent"`, 9)?.key).toBe('agent')
    expect(parse(`${start}"GET /\\"a\\" HTTP/1.1" 200 5 "ref\\\\" "agent"`, 5)?.key).toBe('GET /\\"a\\" HTTP/1.1')
    expect(parse(`${start}"GET /"a"b HTTP/1.1" 404 5`, 6)?.key).toBe('404')
    expect(parse(`${start}"GET /cut-sho`, 5)?.key).toBe('GET /cut-sho')
    expect(parse(`${start}"GET /cut-sho`)).toEqual({ timeMs: TIME_MS, key: '::1' })
    expect(parse(`${start}"" 400 0`, 5)?.key).toBeUndefined()
  })

  it('may come from an IPv6 client or a named host', () => {
    for (const host of ['2001:db8::ff00:42:8329', '::1', 'fe80::1%eth0', '::ffff:192.0.2.1', 'crawler.example.org']) {
      expect(parse(`${host} - - ${TIME} "GET / HTTP/1.1" 200 1`)?.key).toBe(host)
    }
    expect(parse(`[2001:db8::1] - - ${TIME} "GET / HTTP/1.1" 200 1`)?.key).toBe('2001:db8::1')
  })

  it('has a user whose name may hold spaces, brackets and any bytes', () => {
    const userOf = (user: string | Buffer) => {
      const line = Buffer.concat([
        Buffer.from('192.0.2.7 - '),
        Buffer.from(user),
        Buffer.from(` ${TIME} "GET /" 200 1`),
      ])
      return parse(line, 'user')?.key
    }
    expect(userOf('frank')).toBe('frank')
    expect(userOf('John [QA] Doe')).toBe('John [QA] Doe')
    expect(userOf('"John Doe"')).toBe('John Doe')
    expect(userOf('-')).toBeUndefined()
    // Two users still when neither is UTF-8.
    expect(userOf(Buffer.from([0xe9]))).not.toBe(userOf(Buffer.from([0xe8])))
    expect(Buffer.from(userOf('Zoë')!, 'latin1').toString()).toBe('Zoë')
  })

  it('has a time in a zone', () => {
    expect(timeOf('17/May/2015:10:05:03 +0200')).toBe(TIME_MS - 2 * 3_600_000)
    expect(timeOf('17/May/2015:10:05:03 -0330')).toBe(TIME_MS + 3.5 * 3_600_000)
    expect(timeOf('01/Jan/2016:00:30:00 +0100')).toBe(Date.UTC(2015, 11, 31, 23, 30))
    expect(timeOf('17/May/2015:10:05:03 -0000')).toBe(TIME_MS)
  })

  it('has a time in any month, leap days and leap seconds too, and fractions where the server writes them', () => {
    const names = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
    names.forEach((name, month) => {
      expect(timeOf(`03/${name}/2024:00:00:00 +0000`)).toBe(Date.UTC(2024, month, 3))
    })
    expect(timeOf('03/DEC/2024:00:00:00 +0000')).toBe(Date.UTC(2024, 11, 3))
    expect(timeOf('29/Feb/2024:12:00:00 +0000')).toBe(Date.UTC(2024, 1, 29, 12))
    expect(timeOf('31/Dec/2016:23:59:60 +0000')).toBe(Date.UTC(2017, 0, 1))
    expect(timeOf('17/May/2015:10:05:03.250 +0000')).toBe(TIME_MS + 250)
  })

  it('may have its time in ISO 8601', () => {
    for (const time of ['2015-05-17T10:05:03Z', '2015-05-17T12:05:03+02:00', '2015-05-17 06:35:03-0330']) {
      expect(parse(`192.0.2.7 - - [${time}] "GET / HTTP/1.1" 200 1`)).toEqual({ timeMs: TIME_MS, key: '192.0.2.7' })
    }
    expect(timeOf('2015-05-17T10:05:03.250+00:00')).toBe(TIME_MS + 250)
    expect(parse('192.0.2.7 - - [2015-05-17T10:05:03]')).toMatchObject({ timeMs: TIME_MS, zoneless: true })
  })

  it('may begin with a list of forwarded addresses', () => {
    const line = `203.0.113.7, 10.1.1.1, 10.1.1.2 - frank ${TIME} "GET / HTTP/1.1" 200 1`
    expect(parse(line)?.key).toBe('203.0.113.7, 10.1.1.1, 10.1.1.2')
    expect(parse(line, 'user')?.key).toBe('frank')
    expect(parse(line, 6)?.key).toBe('200')
  })

  it.each([
    ['32/May/2015:10:05:03 +0000'],
    ['00/May/2015:10:05:03 +0000'],
    ['31/Apr/2015:10:05:03 +0000'],
    ['29/Feb/2015:10:05:03 +0000'],
    ['29/Feb/2100:10:05:03 +0000'],
    ['17/Mai/2015:10:05:03 +0000'],
    ['17/05/2015:10:05:03 +0000'],
    ['17/May/1915:10:05:03 +0000'],
    ['17/May/2015:24:00:00 +0000'],
    ['17/May/2015:10:60:03 +0000'],
    ['17/May/2015:10:05:61 +0000'],
    ['17/May/2015:10:05:03 +2400'],
    ['17/May/2015:10:05:03 0000'],
    ['17/May/2015:10:05:03'],
    ['17/May/2015:1a:05:03 +0000'],
    ['2015-05-17T24:05:03+00:00'],
    ['2015-02-29T10:05:03Z'],
    ['1915-05-17T10:05:03Z'],
    ['2015-05-17T10:05'],
    [''],
  ])('has no time such as %j', (time) => {
    expect(timeOf(time)).toBeUndefined()
  })

  it.each([
    ['an empty line', ''],
    ['spaces', '     '],
    ['other text', 'Lorem ipsum dolor sit amet, consectetur'],
    ['JSON', '{"client":"192.0.2.7","time":"17/May/2015:10:05:03 +0000"}'],
    ['a line cut in its time', '192.0.2.7 - - [17/May/2015:10:05'],
    ['a line cut before its time', '192.0.2.7 - -'],
    ['a line without identity and user', `192.0.2.7 ${TIME} "GET /" 200 1`],
    ['a line without client', ` - - ${TIME} "GET /" 200 1`],
    ['an error log', '[Sun May 17 10:05:03 2015] [error] [client 192.0.2.7] File does not exist'],
    ['NUL bytes', '\0\0\0\0\0\0\0\0'],
  ])('is not %s', (_, line) => {
    expect(parse(line)).toBeUndefined()
  })

  it('ends where it is said to end', () => {
    const bytes = Buffer.from(`${COMBINED}\n${COMBINED}`)
    expect(parseLine(bytes, 0, 20, 'client')).toBeUndefined()
    expect(parseLine(bytes, 0, COMBINED.length, 10)?.key).toBeUndefined()
    expect(parseLine(bytes, COMBINED.length + 1, bytes.length, 'user')?.key).toBe('frank')
  })
})

describe('a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  function write(name: string, content: string | Buffer): string {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
  }

  async function linesOf(name: string, stdin = Readable.from([])): Promise<[number, string][]> {
    const lines: [number, string][] = []
    const [source] = await findLogs([name], stdin, noTimes)
    await readLines(source!, (buffer, start, end, number) => lines.push([number, buffer.toString('utf8', start, end)]))
    return lines
  }

  it('is cut into numbered lines, empty ones left out', async () => {
    expect(await linesOf(write('plain', 'one\ntwo\n\nfour\n'))).toEqual([
      [1, 'one'],
      [2, 'two'],
      [4, 'four'],
    ])
  })

  it('may lack its last end-of-line, have CRLF, and begin with a byte order mark', async () => {
    expect(await linesOf(write('crlf', '\ufeffone\r\n\r\ntwo\rtoo\r\nlast'))).toEqual([
      [1, 'one'],
      [3, 'two\rtoo'],
      [4, 'last'],
    ])
  })

  it('is the same in whatever chunks it comes', async () => {
    const bytes = Buffer.from('\ufeffone\r\ntwo\n\nfoür\nlast')
    for (let size = 1; size <= bytes.length; size++) {
      const chunks = []
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
      expect(await linesOf('-', Readable.from(chunks))).toEqual([
        [1, 'one'],
        [2, 'two'],
        [4, 'foür'],
        [5, 'last'],
      ])
    }
  })

  it('may be gzip, by whatever name, in several members, and on standard input', async () => {
    const packed = Buffer.concat([gzipSync('one\ntw'), gzipSync('o\n')])
    const expected = [
      [1, 'one'],
      [2, 'two'],
    ]
    expect(await linesOf(write('packed.gz', packed))).toEqual(expected)
    expect(await linesOf(write('packed', packed))).toEqual(expected)
    expect(await linesOf(write('not-packed.gz', 'one\ntwo\n'))).toEqual(expected)
    const bytes = [...packed].map((byte) => Buffer.from([byte]))
    expect(await linesOf('-', Readable.from(bytes))).toEqual(expected)
  })

  it('may have very long lines, of which the beginning is seen', async () => {
    const lines = await linesOf(write('long', `short\n${'x'.repeat(3_000_000)}\nafter\n${'y'.repeat(300_000)}`))
    expect(lines.map(([number, line]) => [number, line[0], line.length])).toEqual([
      [1, 's', 5],
      [2, 'x', 65_536],
      [3, 'a', 5],
      [4, 'y', 65_536],
    ])
  })

  it('must be there, be a file, and be whole', async () => {
    const packed = gzipSync(Array.from({ length: 9999 }, (_, i) => `line ${(i * 7919) % 9973}`).join('\n'))
    const damaged = Buffer.from(packed)
    damaged.fill(0xff, 100, 200)
    await expect(linesOf(join(folder, 'none'))).rejects.toThrow(/none: no such file$/)
    await expect(linesOf(folder)).rejects.toThrow(/: is a directory, not a file$/)
    const truncated = write('truncated.gz', packed.subarray(0, packed.length / 2))
    await expect(linesOf(truncated)).rejects.toThrow(
      /truncated.gz: the gzip data ends too early; the file is not whole/,
    )
    await expect(linesOf(write('damaged.gz', damaged))).rejects.toThrow(/damaged.gz: the gzip data is damaged/)
    await expect(findLogs(['-', '-'], Readable.from([]), noTimes)).rejects.toThrow('- can be given only once')
  })

  it('comes before files of later times', async () => {
    const line = (hour: string) => `192.0.2.7 - - [17/May/2015:${hour}:05:03 +0000] "GET / HTTP/1.1" 200 1\n`
    const names = [
      write('access.log', line('12')),
      write('access.log.1', `garbage\n${line('11')}`),
      write('access.log.2.gz', gzipSync(line('10'))),
    ]
    const sources = await findLogs(
      names,
      Readable.from([]),
      () => (line, start, end) => parseLine(line, start, end, 'client')?.timeMs,
    )
    expect(sources.map(({ name }) => name)).toEqual([...names].reverse())
  })
})
