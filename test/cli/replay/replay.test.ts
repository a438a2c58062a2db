/** Replays of small logs, counted by hand, and the search against trying every limit. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { Command } from 'commander'
import fc from 'fast-check'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { replayCommand } from '../../../src/cli/replay/command.js'
import { findLowestLimits, findPeaks, runTrace } from '../../../src/cli/replay/demand.js'
import { formatReport } from '../../../src/cli/replay/report.js'
import { replay } from '../../../src/cli/replay/run.js'
import type { ReplaySettings } from '../../../src/cli/replay/settings.js'
import { countByUser, Trace } from '../../../src/cli/replay/trace.js'

const folder = mkdtempSync(join(tmpdir(), 'spillway-'))
afterAll(() => rmSync(folder, { recursive: true }))

const SETTINGS: ReplaySettings = {
  key: 'client',
  format: undefined,
  trust: undefined,
  ipv6Prefix: 56,
  limit: 2,
  windowMs: 10_000,
  capacity: 0,
  refillPerSecond: 0,
  sort: false,
  maxUsers: undefined,
  top: 10,
}

/** A line of a client at a second of a certain minute. */
function line(client: string, second: number, user = '-'): string {
  const clock = `${String(Math.floor(second / 60)).padStart(2, '0')}:${String(second % 60).padStart(2, '0')}`
  return `${client} - ${user} [17/May/2015:10:${clock} +0000] "GET / HTTP/1.1" 200 1 "-" "agent"\n`
}

function at(second: number): string {
  return new Date(Date.UTC(2015, 4, 17, 10, 0, second)).toISOString().replace('.000', '')
}

let files = 0
function write(content: string | Buffer, name = `log-${files++}`): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

describe('a replay', () => {
  // a: 0 1 2 | 10: the place of 0 is free again | 11: that of 1 | 12 13: denied. b: one request.
  const small = [0, 1, 2, 10, 11, 12, 13].map((second) => line('a', second)).join('') + line('b', 14)

  it('counts what the limit does', async () => {
    const path = write(small)
    expect(await replay([path], SETTINGS)).toEqual({
      files: [path],
      interrupted: false,
      formats: ['combined'],
      settings: {
        key: 'client',
        trust: null,
        ipv6Prefix: 56,
        limit: 2,
        windowMs: 10_000,
        burstCapacity: 0,
        refillPerSecond: 0,
        sort: false,
        maxUsers: 1_000_000,
      },
      lines: {
        read: 8,
        unreadable: 0,
        firstUnreadable: [],
        withoutKey: 0,
        misfits: [],
        withoutZone: 0,
        forwardedUnheeded: 0,
        outOfOrder: 0,
        largestStepBackMs: 0,
        wholeSeconds: true,
      },
      from: at(0),
      to: at(14),
      durationMs: 14_000,
      requests: 8,
      users: 2,
      allowed: 5,
      denied: 3,
      deniedPercent: 37.5,
      burstSpent: 0,
      evicted: 0,
      peak: { user: 'a', requests: 4, from: at(10), to: at(13) },
      lowestLimits: [
        { deniedPercentAtMost: 0, limit: 4, denied: 0 },
        { deniedPercentAtMost: 0.1, limit: 4, denied: 0 },
        { deniedPercentAtMost: 1, limit: 4, denied: 0 },
      ],
      usersLimited: 1,
      limitedUsers: [
        { user: 'a', requests: 7, denied: 3, worstWindow: { requests: 4, denied: 2, from: at(10), to: at(13) } },
      ],
    })
  })

  it('spends burst tokens, earned by inactivity since the first request', async () => {
    // At 20, b has 2 tokens (one for 10 s): 2 of base, 2 of burst, 1 denied. a had none.
    const log = `${line('a', 0).repeat(3)}${line('b', 20).repeat(5)}`
    const report = await replay([write(log)], { ...SETTINGS, capacity: 5, refillPerSecond: 0.1 })
    expect(report).toMatchObject({ allowed: 6, denied: 2, burstSpent: 2, usersLimited: 2 })
  })

  it('is the same from gzip, from standard input and from several files', async () => {
    const { files: _, ...expected } = await replay([write(small)], SETTINGS)
    const lines = small.split(/(?<=\n)/)
    const [older, newer] = [write(gzipSync(lines.slice(0, 4).join(''))), write(lines.slice(4).join(''))]
    expect(await replay([write(gzipSync(small))], SETTINGS)).toMatchObject(expected)
    expect(await replay(['-'], SETTINGS, { stdin: Readable.from([Buffer.from(small)]) })).toMatchObject(expected)
    expect(await replay([newer, older], SETTINGS)).toMatchObject({ ...expected, files: [older, newer] })
    const fromBoth = await replay([older, '-'], SETTINGS, {
      stdin: Readable.from([Buffer.from(lines.slice(4).join(''))]),
    })
    expect(fromBoth).toMatchObject({ ...expected, files: [older, 'standard input'] })
  })

  it('tells users apart by what it is told', async () => {
    const log = [line('a', 0, 'x'), line('b', 0, 'x'), line('c', 0, 'Zoë'), line('d', 1), line('e', 1)].join('')
    expect(await replay([write(log)], SETTINGS)).toMatchObject({ users: 5, denied: 0 })
    const byUser = await replay([write(log)], { ...SETTINGS, key: 'user', limit: 1 })
    expect(byUser).toMatchObject({ requests: 3, users: 2, denied: 1, peak: { user: 'x' }, lines: { withoutKey: 2 } })
    expect(byUser.limitedUsers[0]).toMatchObject({ user: 'x' })
    expect(await replay([write(log)], { ...SETTINGS, key: 9 })).toMatchObject({
      users: 1,
      denied: 3,
      peak: { user: 'agent' },
    })
    const accented = await replay([write(line('a', 0, 'Zoë'))], { ...SETTINGS, key: 'user' })
    expect(accented.peak.user).toBe('Zoë')
  })

  it('takes a time before the latest seen for that latest, and counts it', async () => {
    const log = [line('a', 30), line('a', 10), line('a', 25), line('a', 31)].join('')
    const report = await replay([write(log)], SETTINGS)
    expect(report).toMatchObject({
      denied: 2,
      lines: { outOfOrder: 2, largestStepBackMs: 20_000 },
      peak: { requests: 4, from: at(30), to: at(31) },
    })
    expect(formatReport(report)).toMatch(/Warning: many times are earlier [\s\S]*--no-sort/)
  })

  it('can sort by time instead', async () => {
    const log = [line('a', 30), line('b', 10), line('a', 10), line('a', 25), line('a', 31)].join('')
    const report = await replay([write(log)], { ...SETTINGS, sort: true })
    expect(report).toMatchObject({
      from: at(10),
      to: at(31),
      denied: 1,
      lines: { outOfOrder: 3, largestStepBackMs: 20_000 },
      peak: { requests: 3, from: at(25), to: at(31) },
    })
    expect(formatReport(report)).not.toContain('Warning')
  })

  it('counts unreadable lines, and shows the first five, safe and short', async () => {
    const bad = `one\u001b[31m\n${'x'.repeat(500)}\nthree\nfour\nfive\nsix\n`
    const path = write(`${line('a', 0)}\r\n${bad}${line('a', 1)}`)
    const { lines, requests } = await replay([path], SETTINGS)
    expect(requests).toBe(2)
    expect(lines).toMatchObject({ read: 8, unreadable: 6 })
    expect(lines.firstUnreadable).toEqual([
      { file: path, line: 3, text: 'one\\x1b[31m' },
      { file: path, line: 4, text: `${'x'.repeat(99)}…` },
      { file: path, line: 5, text: 'three' },
      { file: path, line: 6, text: 'four' },
      { file: path, line: 7, text: 'five' },
    ])
  })

  it('says of lines that do not fit how many there are, the first, and why', async () => {
    const time = '[17/May/2015:10:00:00 +0000] "GET / HTTP/1.1" 200 1'
    const log = [
      `a - - ${time}`,
      `www.example.org:80 b - - ${time}`,
      'garbage',
      `203.0.113.7, 10.0.0.1 - - ${time}`,
      `203.0.113.8, 10.0.0.1 - - ${time}`,
      `www.example.org:80 c - - ${time}`,
    ].join('\n')
    const path = write(log)
    const report = await replay([path], SETTINGS)
    expect(report).toMatchObject({ requests: 1, lines: { read: 6, unreadable: 3, withoutKey: 2 } })
    const misfit = { unreadable: true, counted: false }
    expect(report.lines.misfits).toEqual([
      {
        ...misfit,
        why: 'begins with a virtual host, unlike the lines before',
        lines: 2,
        first: { file: path, line: 2, text: `www.example.org:80 b - - ${time}` },
      },
      {
        ...misfit,
        why: 'not in Common or Combined Log Format',
        lines: 1,
        first: { file: path, line: 3, text: 'garbage' },
      },
      {
        ...misfit,
        unreadable: false,
        why: 'a list of forwarded addresses: --trust says which of them counts',
        lines: 2,
        first: { file: path, line: 4, text: `203.0.113.7, 10.0.0.1 - - ${time}` },
      },
    ])
    const text = formatReport(report)
    expect(text).toContain(
      '  2 lines: begins with a virtual host, unlike the lines\n  before\n    line 2:\n      www.ex',
    )
    expect(text).toContain('  1 line: not in Common or Combined Log Format\n    line 3:\n      garbage')
  })

  it('counts a forwarded list by trust, and IPv6 by its network', async () => {
    const time = '[17/May/2015:10:00:00 +0000] "GET / HTTP/1.1" 200 1'
    const lists = [
      '6.6.6.6, 203.0.113.7',
      '7.7.7.7, 203.0.113.7',
      '2001:db8::1',
      '2001:db8:0:0ff::2',
      '2001:db8:0:100::1',
    ]
    const path = write(lists.map((list) => `${list} - - ${time}`).join('\n'))
    const report = await replay([path], { ...SETTINGS, trust: 1, limit: 1 })
    expect(report).toMatchObject({ requests: 5, users: 3, usersLimited: 2, lines: { misfits: [] } })
    expect(report.limitedUsers.map(({ user }) => user)).toEqual(['203.0.113.7', '2001:db8:0:0::/56'])
    expect(formatReport(report)).toMatch(/users by client, trusting 1\s+proxy/)
    expect(await replay([path], { ...SETTINGS, trust: 1, ipv6Prefix: 128 })).toMatchObject({ users: 4 })
  })

  it('notes forwarded addresses that nobody heeds, and counts those of fewer proxies for who is connected', async () => {
    const entry = (second: number, forwarded: string) =>
      `{"ts":${second},"remote_addr":"10.0.0.2","http_x_forwarded_for":"${forwarded}"}`
    const path = write([entry(1, '203.0.113.7, 10.0.0.1'), entry(2, '203.0.113.8')].join('\n'))
    const without = await replay([path], SETTINGS)
    expect(without).toMatchObject({ users: 1, formats: ['nginx-json'], lines: { forwardedUnheeded: 2 } })
    expect(formatReport(without)).toMatch(/Note: 2 requests came with forwarded addresses[\s\S]*--trust/)
    const two = await replay([path], { ...SETTINGS, trust: 2 })
    expect(two).toMatchObject({ requests: 2, users: 2, lines: { forwardedUnheeded: 0 } })
    expect(two.lines.misfits).toMatchObject([{ lines: 1, counted: true, first: { line: 2 } }])
    expect(formatReport(two)).toMatch(/1 line, counted for the connected address: fewer\s+forwarded/)
    expect(await replay([path], { ...SETTINGS, trust: ['private'] })).toMatchObject({
      users: 2,
      lines: { misfits: [] },
    })
  })

  it('finds the format of each file by itself, and sorts files of several', async () => {
    const later = write('{"ts":"2015-05-17T10:00:09Z","remote_addr":"a"}')
    const earlier = write(line('a', 3))
    const report = await replay([later, earlier], SETTINGS)
    expect(report).toMatchObject({
      files: [earlier, later],
      formats: ['combined', 'nginx-json'],
      requests: 2,
      users: 1,
    })
  })

  it('warns when most lines are of another format', async () => {
    const path = write(line('a', 0) + '{"ts":1431856800,"remote_addr":"a"}\n'.repeat(2))
    expect(formatReport(await replay([path], SETTINGS))).toMatch(/Warning: most lines are unreadable[\s\S]*--format/)
    const json = await replay([path], { ...SETTINGS, format: 'nginx-json' })
    expect(json).toMatchObject({ requests: 2, lines: { unreadable: 1 } })
    expect(formatReport(json)).not.toContain('Warning')
  })

  it('notes times without a zone', async () => {
    const report = await replay([write('{"ts":"2015-05-17T10:00:09","remote_addr":"a"}')], SETTINGS)
    expect(report.lines.withoutZone).toBe(1)
    expect(formatReport(report)).toMatch(/Note: times in this log have no zone and\s+count as UTC/)
  })

  it('explains a lowest limit that is below the peak: by tokens, and only then', async () => {
    const log = line('a', 0) + line('a', 3000).repeat(7)
    const terms = { ...SETTINGS, capacity: 100, refillPerSecond: 1 }
    const report = await replay([write(log)], terms)
    expect(report).toMatchObject({ peak: { requests: 7 }, lowestLimits: [{ limit: 1 }, { limit: 1 }, { limit: 1 }] })
    expect(formatReport(report)).toMatch(/1 is enough for a peak of 7 because burst tokens/)
    expect(formatReport(await replay([write(log)], SETTINGS))).not.toContain('burst tokens, saved')
  })

  it('fits 60 columns, with long names, too', async () => {
    const long = `${'x'.repeat(90)}.example.org`
    const lines = [line(long, 0).repeat(3), line('2001:db8:1234:5678::9', 0).repeat(3), `y${'z'.repeat(200)}\n`]
    const text = formatReport(
      await replay([write(lines.join(''))], { ...SETTINGS, capacity: 9, refillPerSecond: 1, limit: 1 }),
    )
    const [, ...rows] = text.split('\n')
    expect(rows.filter((row) => row.length > 60)).toEqual([])
    expect(text).toContain('2001:db8:1234:5600::/56')
  })

  it('warns when users were evicted', async () => {
    const log = Array.from({ length: 400 }, (_, i) => line(`client-${i}`, 0)).join('')
    const report = await replay([write(log)], { ...SETTINGS, maxUsers: 100 })
    expect(report.evicted).toBeGreaterThan(0)
    expect(formatReport(report)).toMatch(/Warning: the limiter had room for 100 users [\s\S]*--max-users/)
    expect((await replay([write(log)], SETTINGS)).evicted).toBe(0)
  })

  it('says what a log of nothing lacks', async () => {
    const failing = (content: string, settings = SETTINGS) => expect(replay([write(content)], settings)).rejects
    await failing('').toThrow(/: empty$/)
    await failing('\n\n').toThrow(/: no request$/)
    await failing('hello\nworld\n').toThrow(
      /: in none of the formats that replay reads \(combined, .*haproxy\); line 1 is: hello$/,
    )
    await failing('hello\n', { ...SETTINGS, format: 'alb' }).toThrow(/: no line of alb: not a line of an AWS .* hello$/)
    await failing(line('a', 0), { ...SETTINGS, key: 'user' }).toThrow(/: none of the 1 lines has a user to tell/)
    await failing(line('a', 0), { ...SETTINGS, key: 12 }).toThrow(/: none of the 1 lines has a field 12 to tell/)
  })

  it('does not take a log of more than 100 years', async () => {
    const log = `${line('a', 0)}${line('a', 1).replace('2015', '2116')}`
    await expect(replay([write(log)], SETTINGS)).rejects.toThrow(
      'the times reach from 2015-05-17T10:00:00Z to 2116-05-17T10:00:01Z, more than 100 years: one is wrong',
    )
    expect(await replay([write(log.replace('2116', '2114'))], SETTINGS)).toMatchObject({ requests: 2 })
  })

  it('reports for people', async () => {
    const report = await replay([write(small, 'small.log')], { ...SETTINGS, windowMs: 1000, limit: 1 })
    const text = formatReport(report)
    expect(text).toContain('1 request in any 1,000 ms, no burst tokens')
    expect(text).toMatch(/ {2}Requests +8\n/)
    expect(text).toMatch(/whole seconds[\s\S]*lower bounds/)
    const odd = formatReport({ ...report, settings: { ...report.settings, windowMs: 1500 } })
    expect(odd).toMatch(/more\swith\sa\swindow\sof\swhole\sseconds/)
    expect(text.split('\n').every((row) => row === row.trimEnd() && row.length <= 60)).toBe(true)
  })

  // The repository or its worktree may lie beside the folder of shared data, or one deeper.
  const real = ['../../../../', '../../../../../']
    .map((up) => new URL(`${up}shared/data/apache_access.log`, import.meta.url).pathname)
    .find((path) => existsSync(path))
  it.skipIf(real === undefined)('reads a real log (skipped where shared/data is absent)', async () => {
    const report = await replay([real!], { ...SETTINGS, windowMs: 1000, sort: true })
    // Counted by an independent program.
    expect(report).toMatchObject({ requests: 10_000, users: 1753, denied: 121, usersLimited: 37 })
    expect(report.peak).toMatchObject({ user: '75.97.9.59', requests: 7 })
    expect(report.lines).toMatchObject({ unreadable: 0, outOfOrder: 9448, largestStepBackMs: 59_000 })
    expect(report.lowestLimits.map(({ limit }) => limit)).toEqual([7, 4, 3])
  })
})

describe('an interrupted replay', () => {
  const lines = `${line('a', 0).repeat(5)}${line('b', 1)}`

  /** Standard input that says no more than this, and is interrupted then. */
  function interruptedAfter(text: string, controller: AbortController): Readable {
    const texts = text ? [text] : []
    return new Readable({
      read() {
        const next = texts.shift()
        if (next) this.push(next)
        else controller.abort()
      },
    })
  }

  it('reports on what was read, without a search for limits', async () => {
    const controller = new AbortController()
    // The last line is cut.
    const stdin = interruptedAfter(`${lines}c - - [17/May`, controller)
    const report = await replay(['-'], SETTINGS, { stdin, signal: controller.signal })
    expect(report).toMatchObject({
      interrupted: true,
      lines: { read: 6, unreadable: 0 },
      requests: 6,
      users: 2,
      denied: 3,
      peak: { user: 'a', requests: 5 },
      lowestLimits: [],
    })
    const text = formatReport(report)
    expect(text).toMatch(/\n\nINTERRUPTED: /)
    expect(text).not.toContain('Lowest limit')
  })

  it('says so if no request was read', async () => {
    const controller = new AbortController()
    const stdin = interruptedAfter('', controller)
    await expect(replay(['-'], SETTINGS, { stdin, signal: controller.signal })).rejects.toThrow(
      'interrupted before the first request',
    )
  })

  it('has something to report even if it was interrupted before it ran', async () => {
    const trace = new Trace()
    for (let i = 0; i < 70_000; i++) trace.add('a', i)
    const quota = { limit: 50, windowMs: 1000, capacity: 0, refillPerSecond: 0 }
    const { replayed } = await runTrace(trace, quota, 100, { signal: AbortSignal.abort() })
    expect(replayed).toBe(65_536)
  })

  it('has run over a part of the requests, and found some of the limits', async () => {
    const trace = new Trace()
    for (let i = 0; i < 200_000; i++) trace.add(`user-${i % 3}`, i)
    const quota = { limit: 50, windowMs: 1000, capacity: 0, refillPerSecond: 0 }
    const stopped = new AbortController()
    const stop = (part: number) => part > 0 && stopped.abort()
    const { replayed, denied } = await runTrace(trace, quota, 100, { onProgress: stop, signal: stopped.signal })
    expect(replayed).toBe(65_536)
    expect(denied).toBeGreaterThan(50_000)
    trace.cut(replayed)
    expect(trace.times).toHaveLength(65_536)

    const all = await findLowestLimits(trace, quota, [0, 1, 50], 334)
    const searching = new AbortController()
    let runs = 0
    // The search for the first of the shares takes 1 + 8 runs.
    const onProgress = () => ++runs === 12 && searching.abort()
    const some = await findLowestLimits(trace, quota, [0, 1, 50], 334, { onProgress, signal: searching.signal })
    expect(some.length).toBeGreaterThan(0)
    expect(some.length).toBeLessThan(3)
    expect(some).toEqual(all.slice(-some.length))
  })
})

describe('a trace', () => {
  it('outgrows its arrays', () => {
    const trace = new Trace()
    for (let i = 0; i < 200_000; i++) trace.add(`user-${i % 7}`, i)
    expect(trace.length).toBe(200_000)
    expect(trace.times.every((time, i) => time === i)).toBe(true)
    expect(trace.users.every((user, i) => user === i % 7)).toBe(true)
  })
})

const demands = fc.array(fc.record({ user: fc.nat(3), gap: fc.constantFrom(0, 0, 0, 1, 2, 5, 10, 30) }), {
  minLength: 1,
  maxLength: 150,
})

function record(demand: readonly { user: number; gap: number }[]): Trace {
  const trace = new Trace()
  let second = 0
  for (const { user, gap } of demand) {
    second += gap
    trace.add(`user-${user}`, 1000 * second)
  }
  return trace
}

describe('demand', () => {
  it('has the peaks that looking at every window finds', () => {
    fc.assert(
      fc.property(demands, fc.constantFrom(1000, 5000, 10_000), (demand, windowMs) => {
        const trace = record(demand)
        const { times, users, names } = trace
        const { requests } = findPeaks(trace, windowMs, new Uint8Array(trace.length))
        names.forEach((_, user) => {
          const own = [...times].filter((_, i) => users[i] === user)
          const counts = own.map((end) => own.filter((time) => time > end - windowMs && time <= end).length)
          expect(requests[user]).toBe(Math.max(...counts))
        })
      }),
    )
  })

  it.each([
    ['without burst tokens', { windowMs: 10_000, capacity: 0, refillPerSecond: 0 }],
    ['with burst tokens', { windowMs: 10_000, capacity: 3, refillPerSecond: 0.5 }],
    ['in a window that ticks do not divide', { windowMs: 60_000, capacity: 0, refillPerSecond: 0 }],
  ])('has the lowest limits that trying each finds, %s', async (_, terms) => {
    const percents = [0, 5, 30]
    await fc.assert(
      fc.asyncProperty(demands, async (demand) => {
        const trace = record(demand)
        const peak = Math.max(...findPeaks(trace, terms.windowMs, new Uint8Array(trace.length)).requests)
        const found = await findLowestLimits(trace, terms, percents, peak)
        for (const { deniedPercentAtMost, limit, denied } of found) {
          const budget = (trace.length * deniedPercentAtMost) / 100
          let lowest = 1
          while ((await runTrace(trace, { ...terms, limit: lowest }, 100)).denied > budget) lowest++
          expect({ limit, denied }).toEqual({
            limit: lowest,
            denied: (await runTrace(trace, { ...terms, limit: lowest }, 100)).denied,
          })
        }
      }),
      { numRuns: 15 },
    )
  })

  it('counts users by request', () => {
    const trace = record([0, 1, 0, 0, 2].map((user) => ({ user, gap: 1 })))
    expect([...countByUser(trace)]).toEqual([3, 1, 1])
    expect([...countByUser(trace, Uint8Array.of(1, 0, 1, 0, 0))]).toEqual([2, 0, 0])
  })

  it('tells how far the search is, up to the end', async () => {
    const trace = record(Array.from({ length: 100 }, () => ({ user: 0, gap: 0 })))
    const parts: number[] = []
    const terms = { windowMs: 1000, capacity: 0, refillPerSecond: 0 }
    await findLowestLimits(trace, terms, [0, 1], 100, { onProgress: (part) => parts.push(part) })
    expect(parts).toEqual([...parts].sort((a, b) => a - b))
    expect(parts.every((part) => part >= 0 && part <= 1)).toBe(true)
  })
})

describe('the command', () => {
  afterEach(() => vi.restoreAllMocks())

  async function run(...args: string[]) {
    let out = ''
    let err = ''
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      out += text
      return true
    })
    const command = replayCommand()
      .exitOverride()
      .configureOutput({
        writeOut: (text) => {
          out += text
        },
        writeErr: (text) => {
          err += text
        },
      })
    const failure: unknown = await new Command('spillway')
      .addCommand(command)
      .parseAsync(['replay', ...args], { from: 'user' })
      .then(
        () => undefined,
        (error: unknown) => error,
      )
    vi.restoreAllMocks()
    return { out, err, exitCode: failure instanceof Error && 'exitCode' in failure ? failure.exitCode : 0, failure }
  }

  it('supposes tokens where `loadLimiter` would', async () => {
    const path = write(line('a', 0))
    const quotas: [string, number, number][] = [
      ['', 100, 1],
      ['--limit 5', 0, 0],
      ['--window 60000', 0, 0],
      ['--limit 5 --burst 20', 20, 1],
      ['--limit 5 --refill 2', 100, 2],
      ['--burst 0', 0, 1],
    ]
    for (const [options, burstCapacity, refillPerSecond] of quotas) {
      const { out } = await run(path, '--json', ...options.split(' ').filter(Boolean))
      expect(JSON.parse(out).settings, options).toMatchObject({ burstCapacity, refillPerSecond })
    }
  })

  it('prints a report, or JSON that is the same with --json', async () => {
    const path = write(line('a', 0).repeat(60) + line('b', 3))
    const text = await run(path)
    expect(text).toMatchObject({ err: '', exitCode: 0 })
    expect(text.out).toMatch(/ {2}Denied +10 +16.39 %\n/)
    expect(text.out).toMatch(/50 requests in any 1,000 ms, up to 100 burst tokens, 1 a\s+second/)
    const options = '--json --key client --limit 3 --window 2000 --burst 0 --refill 2 --top 0 --max-users 500'.split(
      ' ',
    )
    const json = await run(path, ...options)
    expect(JSON.parse(json.out)).toEqual(
      await replay([path], {
        ...SETTINGS,
        sort: true,
        limit: 3,
        windowMs: 2000,
        capacity: 0,
        refillPerSecond: 2,
        top: 0,
        maxUsers: 500,
      }),
    )
  })

  it('ends with 1 and a clear error for what cannot be read', async () => {
    const missing = await run(join(folder, 'missing.log'))
    expect(missing).toMatchObject({ out: '', exitCode: 1 })
    expect(missing.err).toMatch(/^error: .*missing.log: no such file\n$/)
    expect(await run(folder)).toMatchObject({ out: '', exitCode: 1 })
    expect(await run(write(''))).toMatchObject({ out: '', exitCode: 1 })
    expect(await run()).toMatchObject({ out: '', exitCode: 1, err: "error: missing required argument 'log'\n" })
  })

  it.each([
    ['--limit', '0', 'a whole number from 1 to 1,000,000,000'],
    ['--limit', '1.5', 'a whole number'],
    ['--limit', '', 'a whole number'],
    ['--limit', '0x10', 'a whole number'],
    ['--window', '0', 'a number from 1'],
    ['--window', '1e16', 'a number from 1 to 9,007,199,254,740,991'],
    ['--window', 'Infinity', 'a number from 1'],
    ['--window', '10s', 'a number from 1'],
    ['--burst', '-1', 'a number from 0 to 1,000,000,000'],
    ['--refill', 'NaN', 'a number from 0'],
    ['--refill', '1e10', 'a number from 0 to 1,000,000,000'],
    ['--top', '1e3', 'a whole number'],
    ['--max-users', '30000001', 'a whole number from 1 to 30,000,000'],
    ['--key', '-1', 'client, user, or the number of a field'],
    ['--ipv6-prefix', '129', 'a whole number from 32 to 128'],
    ['--key', '0', 'client, user, or the number of a field'],
  ])('does not take %s %j', async (option, value, accepted) => {
    const { err, exitCode } = await run(`${option}=${value}`, write(line('a', 0)))
    expect(exitCode).toBe(1)
    expect(err).toContain(`'${value}' is invalid. It must be ${accepted}`)
    expect(err).toMatch(/^error: .*\.\n$/)
  })

  it('helps', async () => {
    const { out, exitCode } = await run('--help')
    expect(exitCode).toBe(0)
    expect(out).toMatch(/Usage: spillway replay \[options\] <log...>/)
    expect(out).toMatch(/Examples:\n.*spillway replay access.log/)
  })
})
