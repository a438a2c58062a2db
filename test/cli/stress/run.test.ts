/** Stress runs on a clock of their own: every quota that the command takes must get a right verdict. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StressOptions } from '../../../src/cli/stress/report.js'
import { run } from '../../../src/cli/stress/run.js'
import type { World } from '../../../src/cli/stress/world.js'

const usual: StressOptions = { duration: 0.5, users: 10, clients: 20, limit: 50, window: 1000, burst: 100, refill: 1 }

/**
 * A world whose clock moves with each reading, by fractions that no binary number holds: mostly little, often by what
 * makes a rule change its answer, so that requests meet the very edges of windows and paces.
 */
function worldFor({ duration, limit, window }: StressOptions, seed: number): World {
  const most = (duration * 1000) / 50
  const edges = [window, window / limit, window / 30_000, window / 3].filter((ms) => ms <= most)
  const step = fc.oneof(
    { weight: 140, arbitrary: fc.constant(0) },
    { weight: 40, arbitrary: fc.double({ min: 0, max: 0.02, noNaN: true }) },
    { weight: 19, arbitrary: fc.constantFrom(0, ...edges) },
    { weight: 1, arbitrary: fc.double({ min: 0, max: most, noNaN: true }) },
  )
  const steps = fc.sample(step, { seed, numRuns: 5000 })
  let now = 1234.567
  let reading = 0
  return {
    clock: () => {
      now += steps[reading++ % steps.length]!
      return now
    },
    wait: async (ms) => {
      now += ms + 0.1
    },
  }
}

describe('a right limiter passes', () => {
  test.each<Partial<StressOptions>>([
    {},
    { limit: 1, window: 10_000 },
    { window: 86_400_000 },
    { window: 86_400_000, limit: 1, burst: 0 },
    { window: Number.MAX_SAFE_INTEGER },
    { window: 1 },
    { window: 1, limit: 1, users: 1 },
    { window: 1, limit: 1_000_000 },
    { window: 7.7, limit: 3, burst: 0.5 },
    { window: 333.25, limit: 7, burst: 2.5, refill: 0.3 },
    { burst: 0 },
    { burst: 0, refill: 0 },
    { burst: 2 },
    { burst: 1e9, refill: 1e9 },
    { burst: 99.999, refill: 123.456, limit: 5 },
    { users: 1 },
    { users: 100_000 },
    { clients: 1, users: 1 },
    { duration: 0.1 },
    { limit: 64, window: 50 },
    { limit: 65, window: 50 },
    { limit: 100, window: 50, users: 1 },
    { limit: 1000, window: 20, users: 1 },
    { limit: 100_000 },
    { limit: 100_000, window: 10, users: 1 },
    { limit: 1_000_000 },
    { limit: 1_000_000_000 },
  ])('%j', async (some) => {
    const options = { ...usual, ...some }
    const report = await run(options, worldFor(options, 1))
    expect(report).toMatchObject({
      load: { tooMuch: 0, tooLittle: 0, firstWrong: [], passed: true },
      burst: { burst: { firstWrong: [], passed: true }, passed: true },
      passed: true,
    })
    expect(report.load.requests).toBeGreaterThan(20)
    expect(report.load.allowed + report.load.denied).toBe(report.load.requests)
  })
})

test('the burst scenario sees what the rules give', async () => {
  let now = 0
  const world: World = {
    clock: () => now,
    wait: async (ms) => {
      now += ms
    },
  }
  // A load of no duration, since this clock stands still.
  const report = await run({ ...usual, duration: 0 }, world)
  expect(report.burst).toMatchObject({
    atOnce: { tokens: 0, expected: 0 },
    afterThree: { tokens: 3, expected: 3 },
    burst: { places: 70, requests: 70, allowed: 53, fromBurst: 3 },
    left: { tokens: 0, expected: 0 },
    afterFive: { tokens: 5, expected: 5 },
    passed: true,
  })
  const slow = await run({ ...usual, duration: 0, window: 86_400_000 }, world)
  // A gap within the pace earns nothing.
  expect(slow.burst).toMatchObject({ left: { tokens: 0 }, afterFive: { tokens: 0, expected: 0 }, passed: true })
  const large = await run({ ...usual, duration: 0, limit: 1_000_000 }, world)
  expect(large.burst.burst).toMatchObject({ places: 1_000_020, requests: 100_000, allowed: 1_000_003, fromBurst: 3 })
})

describe('an interrupted run', () => {
  test('reports what it saw of the load, and makes no burst', async () => {
    const controller = new AbortController()
    const { clock, wait } = worldFor(usual, 2)
    let readings = 0
    const counting = () => {
      if (++readings === 1000) controller.abort()
      return clock()
    }
    const report = await run(usual, { clock: counting, wait }, controller.signal)
    expect(report).toMatchObject({ interrupted: true, burst: { passed: true }, passed: true })
    expect(report.burst).not.toHaveProperty('atOnce')
    expect(report.load.requests).toBeGreaterThan(100)
    expect(report.load.durationMs).toBeLessThan(usual.duration * 1000)
  })

  test.each([
    [1, ['atOnce']],
    [2, ['atOnce', 'afterThree', 'burst', 'left']],
  ])('reports the steps of the burst before wait %i', async (last, steps) => {
    const controller = new AbortController()
    const { clock } = worldFor(usual, 3)
    let waits = 0
    const wait = async () => {
      if (++waits === last) controller.abort()
    }
    const { burst, interrupted } = await run({ ...usual, duration: 0.1 }, { clock, wait }, controller.signal)
    expect(interrupted).toBe(true)
    expect(Object.keys(burst)).toEqual([...steps, 'passed'])
  })
})
