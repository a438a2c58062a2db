/** The judge: a right limiter passes on any clock, and a wrong one does not. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Judgement } from '../../../src/cli/stress/judge.js'
import { Judge, latestReturnMs } from '../../../src/cli/stress/judge.js'
import { Oracle } from '../../../src/cli/stress/oracle.js'
import type { Quota } from '../../../src/limiter/index.js'
import { loadLimiter, manualClock, optionsFor } from '../../../src/limiter/index.js'

/** Gaps between requests: none, small ones, and those at which a rule changes its answer. */
function gaps({ limit, windowMs }: Quota): fc.Arbitrary<number[]> {
  return fc.array(
    fc.oneof(
      { weight: 20, arbitrary: fc.constant(0) },
      { weight: 5, arbitrary: fc.double({ min: 0, max: windowMs / 10, noNaN: true }) },
      { weight: 5, arbitrary: fc.constantFrom(windowMs, windowMs / limit, windowMs / 30_000, windowMs / 3) },
      { weight: 1, arbitrary: fc.double({ min: 0, max: 3 * windowMs, noNaN: true }) },
    ),
    { minLength: 1, maxLength: 400 },
  )
}

/** Judges a limiter of one quota, with times of its own, by another quota. */
async function judge(limiterQuota: Quota, quota: Quota, waits: readonly number[]): Promise<Judgement> {
  const clock = manualClock(12_345.678)
  const start = clock()
  using limiter = await loadLimiter({
    ...optionsFor(limiterQuota),
    clock,
    maxUsers: 1,
    sweepIntervalMs: 0,
  })
  const judge = new Judge(quota)
  for (const wait of waits) {
    clock.advance(wait)
    judge.judge('a', clock() - start, limiter.check('a'))
  }
  return judge.findings
}

const usual: Quota = { limit: 20, windowMs: 1000, capacity: 3, refillPerSecond: 1 }

test.each<Quota>([
  usual,
  { limit: 1, windowMs: 10_000, capacity: 100, refillPerSecond: 1 },
  { limit: 64, windowMs: 777.7, capacity: 0.5, refillPerSecond: 1e9 },
  { limit: 50, windowMs: 1, capacity: 1e9, refillPerSecond: 1e9 },
  { limit: 7, windowMs: 86_400_000, capacity: 2.5, refillPerSecond: 0.3 },
])('finds nothing wrong with a right limiter: $limit in $windowMs ms', async (quota) => {
  await fc.assert(
    fc.asyncProperty(gaps(quota), async (waits) => {
      expect(await judge(quota, quota, waits)).toEqual({ tooMuch: 0, tooLittle: 0, firstWrong: [] })
    }),
  )
})

describe('of a wrong limiter', () => {
  const full = Array<number>(30).fill(0)

  test('finds a place too many, and one too few', async () => {
    const none = { ...usual, capacity: 0 }
    expect(await judge({ ...none, limit: 21 }, none, full)).toMatchObject({ tooMuch: 1, tooLittle: 0 })
    const { firstWrong, ...counts } = await judge({ ...none, limit: 19 }, none, full)
    expect(counts).toEqual({ tooMuch: 0, tooLittle: 11 })
    expect(firstWrong).toHaveLength(5)
    expect(firstWrong[0]).toEqual({
      user: 'a',
      timeMs: 0,
      allowed: false,
      cost: 1,
      fromBurst: 0,
      freePlaces: { least: 1, most: 1 },
      tokens: 0,
    })
  })

  test('finds a place that comes back early, however little', async () => {
    const none = { ...usual, limit: 1, capacity: 0 }
    expect(await judge({ ...none, windowMs: 999.9 }, none, [0, 999.95])).toMatchObject({ tooMuch: 1, tooLittle: 0 })
    const judgeOfOne = new Judge(none)
    judgeOfOne.judge('a', 10, { allowed: true, fromBurst: 0 })
    judgeOfOne.judge('a', 1009.999_999_999, { allowed: true, fromBurst: 0 })
    expect(judgeOfOne.findings).toMatchObject({ tooMuch: 1, tooLittle: 0 })
  })

  test('finds a place that comes back later than two ticks', async () => {
    const none = { ...usual, limit: 1, capacity: 0 }
    expect(await judge({ ...none, windowMs: 1000.2 }, none, [0, 1000.1])).toMatchObject({ tooMuch: 0, tooLittle: 1 })
    expect(await judge({ ...none, windowMs: 1000.05 }, none, [0, 1000.04])).toMatchObject({ tooMuch: 0, tooLittle: 0 })
  })

  test('finds a token too many, one too few, and one spent while places were free', async () => {
    const waits = [5000, ...full]
    expect(await judge({ ...usual, capacity: 4 }, usual, waits)).toMatchObject({ tooMuch: 1, tooLittle: 0 })
    expect(await judge({ ...usual, capacity: 2 }, usual, waits)).toMatchObject({ tooMuch: 0, tooLittle: 9 })
    expect((await judge({ ...usual, refillPerSecond: 2 }, usual, [1500, ...full])).tooMuch).toBeGreaterThan(0)
    const wasteful = new Judge(usual)
    wasteful.judge('a', 5000, { allowed: true, fromBurst: 1 })
    expect(wasteful.findings).toMatchObject({ tooMuch: 0, tooLittle: 1 })
  })
})

test('allows a place to come back two ticks late, and a 31st of the window more under a large limit', () => {
  expect(latestReturnMs({ ...usual, limit: 64, windowMs: 30_000 })).toBe(2)
  expect(latestReturnMs({ ...usual, limit: 65, windowMs: 31_000 })).toBeCloseTo(1002.0667, 4)
})

test('knows tokens up to rounding', () => {
  const judge = new Judge(usual)
  expect(judge.tokens('a', 2500)).toBe(2.5)
  expect(judge.agreesOnTokens('a', 2500, 2.5 + 1e-9)).toBe(true)
  expect(judge.agreesOnTokens('a', 2500, 2.5001)).toBe(false)
})

test('an oracle that forgets outdated admissions gives the same answers', () => {
  fc.assert(
    fc.property(gaps(usual), (waits) => {
      const oracle = new Oracle(usual)
      const forgetful = new Oracle(usual)
      let time = 0
      for (const wait of waits) {
        time += wait
        expect(forgetful.taken('a', time, 5)).toBe(oracle.taken('a', time, 5))
        expect(forgetful.decide('a', time)).toEqual(oracle.decide('a', time))
        expect(forgetful.resetMs('a', time)).toBe(oracle.resetMs('a', time))
        forgetful.forget('a', time - usual.windowMs - 5)
      }
    }),
  )
})
