/** The text of the stress report. */
import { expect, test } from 'vitest'
import type { StressReport } from '../../../src/cli/stress/report.js'
import { describeOptions, describeResults } from '../../../src/cli/stress/report.js'
import { WIDTH } from '../../../src/cli/terminal/format.js'

const report: StressReport = {
  options: { duration: 10, users: 100, clients: 200, limit: 50, window: 1000, burst: 100, refill: 1 },
  interrupted: false,
  load: {
    durationMs: 10_000,
    requests: 1_234_567,
    requestsPerSecond: 123_456.7,
    allowed: 50_000,
    fromBurst: 0,
    denied: 1_184_567,
    latencyMs: { p50: 0.0001, p99: 0.0002, p999: 0.0005, max: 4.024 },
    slowDecisions: 3,
    slowDecisionsUnexplained: 0,
    machine: { collections: { count: 12, totalMs: 31.25, longestMs: 4.9 }, waitedMs: 120.5 },
    tooMuch: 0,
    tooLittle: 0,
    firstWrong: [],
    passed: true,
  },
  burst: {
    atOnce: { tokens: 0, expected: 0, passed: true },
    afterThree: { tokens: 3.001, expected: 3.001, passed: true },
    burst: {
      places: 70,
      requests: 70,
      allowed: 53,
      fromBurst: 3,
      tookMs: 0.1,
      tooMuch: 0,
      tooLittle: 0,
      firstWrong: [],
      passed: true,
    },
    left: { tokens: 0.001, expected: 0.001, passed: true },
    afterFive: { tokens: 5.002, expected: 5.002, passed: true },
    passed: true,
  },
  passed: true,
}

function withLoad(load: Partial<StressReport['load']>): string {
  return describeResults({ ...report, load: { ...report.load, ...load } })
}

test('says what is going to run', () => {
  expect(words(describeOptions(report.options))).toBe(
    'Spillway stress: 100 users, 200 clients at once, 50 requests in any 1,000 ms, up to 100 burst tokens, 1 a second',
  )
  expect(words(describeOptions({ ...report.options, users: 1, clients: 1, limit: 1, burst: 0 }))).toBe(
    'Spillway stress: 1 user, 1 client at once, 1 request in any 1,000 ms, no burst tokens',
  )
})

/** A text without the breaks of its lines. */
function words(text: string): string {
  return text.replace(/\s+/g, ' ')
}

test('reports what was asked for', () => {
  expect(describeResults(report)).toMatchInlineSnapshot(`
    "
      Duration               10.00 s
      Requests               1,234,567, 123,457 a second
      Allowed                50,000
      Denied                 1,184,567
      Wrong decisions        none
      Time of a decision     p50 0.1 µs, p99 0.2 µs, p99.9
                             0.5 µs, max 4.02 ms
      Decisions above 2 ms   3, all held up by the machine
                             (below)

    The machine meanwhile
      Garbage collections    12, 31.3 ms in all, longest 4.9 ms
      Wait for a processor   120.5 ms of 10000.0 ms

    Burst scenario
      Tokens of a new user   0.0
      The same after 3 s     3.0
      70 requests at once    53 allowed, 3 of them by burst
                             tokens
      Tokens left            0.0
      Tokens after 5 s idle  5.0

    PASSED
    "
  `)
})

test('tells slow decisions that the machine held up from others', () => {
  const line = (slowDecisions: number, slowDecisionsUnexplained: number) =>
    /Decisions above 2 ms (.*?) The machine/.exec(words(withLoad({ slowDecisions, slowDecisionsUnexplained })))![1]
  expect(line(0, 0)).toBe('none')
  expect(line(1, 0)).toBe('1, held up by the machine (below)')
  expect(line(2, 0)).toBe('2, all held up by the machine (below)')
  expect(line(3, 1)).toBe(
    '3: 2 held up by the machine (below), 1 for no cause seen here (hosts also pause virtual machines)',
  )
  expect(line(1, 1)).toBe('1 for no cause seen here (hosts also pause virtual machines)')
})

test('tells what the machine did, where the platform tells', () => {
  const machine = { collections: { count: 0, totalMs: 0, longestMs: 0 }, waitedMs: null }
  const text = withLoad({ machine })
  expect(text).toMatch(/Garbage collections +none\n/)
  expect(text).toMatch(/Wait for a processor +not known on this platform\n/)
})

test('says what failed', () => {
  const wrong = {
    user: 'user_7',
    timeMs: 123.4,
    allowed: true,
    cost: 1,
    fromBurst: 0,
    freePlaces: { least: 0, most: 0 },
    tokens: 0.5,
  }
  const denied = { ...wrong, allowed: false, freePlaces: { least: 1, most: 2 } }
  const load = { ...report.load, tooMuch: 1, tooLittle: 1, firstWrong: [wrong, denied], passed: false }
  const burst = {
    ...report.burst,
    burst: { ...report.burst.burst!, allowed: 54, tooMuch: 1, firstWrong: [wrong], passed: false },
    left: { tokens: 1, expected: 2, passed: false },
    passed: false,
  }
  const lines = describeResults({ ...report, load, burst, passed: false })
  expect(lines.split('\n').every((line) => line.length <= WIDTH && line === line.trimEnd())).toBe(true)
  const text = words(lines)
  expect(text).toContain('FAILED: 1 gave more than the rules permit, 1 less')
  expect(text).toContain('user_7 at 123.4 ms, 1 place: allowed, 0 by tokens; there were 0 free places, 0.5 tokens')
  expect(text).toContain('user_7 at 123.4 ms, 1 place: denied; there were 1 to 2 free places, 0.5 tokens')
  expect(text).toContain('54 allowed, 3 of them by burst tokens; FAILED: 1 gave more than the rules permit, 0 less')
  expect(text).toContain('Tokens left 1.0 FAILED: 2 expected Tokens')
  expect(lines).toMatch(/\nFAILED\n$/)
})

test.each([20_020, 1_000_000_020])('has room for %i places at once', (places) => {
  const burst = { ...report.burst, burst: { ...report.burst.burst!, places, requests: 20 } }
  const rows = describeResults({ ...report, burst }).split('\n')
  expect(rows.every((row) => row.length <= WIDTH)).toBe(true)
  expect(words(rows.join('\n'))).toContain(`${places.toLocaleString('en')} places at once 53 allowed, 3 of them`)
})

test('says that it was interrupted, and leaves out what was not run', () => {
  const { atOnce } = report.burst
  const early = describeResults({ ...report, interrupted: true, burst: { atOnce: atOnce!, passed: true } })
  expect(early).toMatch(/Burst scenario\n {2}Tokens of a new user +0.0\n\nINTERRUPTED. Until then: PASSED\n$/)
  const none = describeResults({ ...report, interrupted: true, burst: { passed: true }, passed: false })
  expect(none).toMatch(/Burst scenario\n {2}Not run\n\nINTERRUPTED. Until then: FAILED\n$/)
})
