/** What the stress run holds the limiter to, and how it reports. The run itself takes real time; CI makes one. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Permitted, strictest } from '../../src/cli/permitted.js'
import { Oracle } from '../../src/cli/stress/oracle.js'
import type { StressReport } from '../../src/cli/stress-report.js'
import { describeReport } from '../../src/cli/stress-report.js'
import { loadLimiter, manualClock } from '../../src/index.js'

const gaps = (whole: boolean) =>
  fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constant(0) },
      { weight: 3, arbitrary: whole ? fc.nat(60) : fc.double({ min: 0, max: 60, noNaN: true }) },
      { weight: 1, arbitrary: fc.nat(3000) },
    ),
    { minLength: 200, maxLength: 600 },
  )

test('permits what the oracle admits', () => {
  const rules = { limit: 20, windowMs: 1000, capacity: 3, refillPerSecond: 1 }
  fc.assert(
    fc.property(gaps(true), (trace) => {
      const permitted = new Permitted(rules)
      const oracle = new Oracle(rules)
      let time = 0
      let admitted = 0
      for (const gap of trace) {
        time += gap
        permitted.ask(time)
        if (oracle.decide('a', time).allowed) admitted++
        expect(permitted.admitted).toBe(admitted)
      }
    }),
  )
})

test.each([20, 100, 1000])('a limiter of %i is between what is permitted and the strictest', async (limit) => {
  const rules = { limit, windowMs: 777.7, capacity: 3, refillPerSecond: 1 }
  await fc.assert(
    fc.asyncProperty(gaps(false), async (trace) => {
      const clock = manualClock()
      const { windowMs, capacity, refillPerSecond } = rules
      using limiter = await loadLimiter({
        limit,
        windowMs,
        burst: { capacity, refillPerSecond },
        clock,
        maxUsers: 1,
        sweepIntervalMs: 0,
      })
      const most = new Permitted(rules)
      const least = new Permitted(strictest(rules))
      let admitted = 0
      for (const gap of trace) {
        clock.advance(gap)
        most.ask(clock())
        least.ask(clock())
        if (limiter.isAllowed('a')) admitted++
        expect(admitted).toBeLessThanOrEqual(most.admitted)
        expect(admitted).toBeGreaterThanOrEqual(least.admitted)
      }
    }),
  )
})

const report: StressReport = {
  options: { duration: 10, users: 100, clients: 200, limit: 50, window: 1000, burst: 100 },
  load: {
    durationMs: 10_000,
    requests: 1_234_567,
    requestsPerSecond: 123_456.7,
    allowed: 50_000,
    denied: 1_184_567,
    latencyMs: { p50: 0.0001, p99: 0.0002, p999: 0.0005, max: 4.024 },
    slowDecisions: 1,
    slowNothings: 2,
    permitted: { least: 50_000, most: 50_001 },
    usersAbove: [],
    usersBelow: [],
    passed: true,
  },
  burst: {
    atOnce: { tokens: 0, expected: 0, passed: true },
    afterThree: { tokens: 3.001, expected: 3.001, passed: true },
    burst: { requests: 70, allowed: 53, expectedAllowed: 53, tookMs: 0.1, tokensLeft: 0.001, passed: true },
    afterFive: { tokens: 5.002, expected: 5.002, passed: true },
    passed: true,
  },
  passed: true,
}

test('reports what was asked for', () => {
  expect(describeReport(report)).toMatchInlineSnapshot(`
    "Spillway stress: 100 users, 200 clients at once, 50 requests in 1,000 ms, up to 100 burst tokens

      Test duration            10.00 s
      Total requests           1,234,567
      Requests a second        123,457
      Allowed                  50,000
      Denied                   1,184,567
      Decision latency         p50 0.1 µs, p99 0.2 µs, p99.9 0.5 µs, max 4.02 ms
      Decisions over 2 ms      1 (with nothing to decide: 2)
      The rules permit         50,000 to 50,001 of these requests at these times
      Verdict                  passed: no user got more, none less

    Burst scenario
      Tokens of a new user     0.0
      The same after 3 s       3.0
      70 requests at once      53 allowed
      Tokens left              0.0
      Tokens after 5 s idle    5.0

    PASSED
    "
  `)
})

test('says what failed', () => {
  const { load, burst } = report
  const text = describeReport({
    ...report,
    load: { ...load, usersAbove: ['user_1', 'user_2', 'user_3', 'user_4'], usersBelow: ['user_9'], passed: false },
    burst: { ...burst, burst: { ...burst.burst, allowed: 54, passed: false }, passed: false },
    passed: false,
  })
  expect(text).toContain('FAILED: users who got more 4 (user_1, user_2, user_3, …), less 1 (user_9)')
  expect(text).toContain('54 allowed  FAILED: 53 expected')
  expect(text).toMatch(/\nFAILED\n$/)
})
