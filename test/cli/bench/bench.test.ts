/** The comparison: what it finds on any machine, and how it says the rest. */
import { describe, expect, it } from 'vitest'
import { CONTENDERS } from '../../../src/cli/bench/limiters.js'
import { LIMIT, letArrive, mostAdmitted, WINDOW_MS } from '../../../src/cli/bench/measure.js'
import { formatBench } from '../../../src/cli/bench/report.js'
import { bench, MANY_USERS, usersThatFit } from '../../../src/cli/bench/run.js'
import { manualClock } from '../../../src/limiter/index.js'

describe('the limiters', () => {
  it('are told apart by the worst window', async () => {
    const most = await Promise.all(
      CONTENDERS.map(async (spec): Promise<[string, number]> => [spec.name, await mostAdmitted(spec)]),
    )
    expect(Object.fromEntries(most)).toEqual({
      spillway: LIMIT,
      'map-fixed-window': 2 * LIMIT - 1,
      'map-sliding-log': LIMIT,
      'map-token-bucket': expect.toSatisfy((count) => count > 1.8 * LIMIT && count <= 2 * LIMIT),
    })
  })

  it.each(CONTENDERS)('admit the limit and no more at once, and again after a window: $name', async ({ make }) => {
    const clock = manualClock(0)
    const limiter = await make({ limit: 3, windowMs: WINDOW_MS, clock, users: 1000 })
    const ask = () => Array.from({ length: 5 }, () => limiter.decide('a'))
    expect(ask()).toEqual([true, true, true, false, false])
    expect(limiter.decide('b')).toBe(true)
    clock.advance(WINDOW_MS)
    expect(ask()).toEqual([true, true, true, false, false])
    limiter.close()
  })

  it.each(CONTENDERS)('know whom they let arrive: $name', async (spec) => {
    const { limiter, arrival } = await letArrive(spec, 20_000)
    const admitted = Array.from({ length: 60 }, () => limiter.decide('user-7')).filter(Boolean)
    expect(admitted).toHaveLength(LIMIT - 1)
    // The heap of the tests themselves may shrink meanwhile.
    expect(arrival.bytesPerUser).toBeGreaterThanOrEqual(0)
    expect(arrival.p999Us).toBeLessThanOrEqual(1000 * arrival.longestMs)
    limiter.close()
  })
})

describe('a run', () => {
  it('measures everything, and fits a narrow terminal', async () => {
    const report = await bench({ seconds: 0.01, users: 2000 })
    expect(report).toMatchObject({
      interrupted: false,
      settings: { seconds: 0.01, fewUsers: 1000, manyUsers: 2000, limit: LIMIT, windowMs: WINDOW_MS },
    })
    for (const { name, label, ...figures } of report.limiters) {
      for (const figure of Object.values(figures)) expect(figure, name).toBeGreaterThanOrEqual(0)
    }
    const text = formatBench(report)
    expect(text.split('\n').every((row) => row.length <= 60 && row === row.trimEnd())).toBe(true)
    expect(text).toMatch(/\n {2}most in any window +50 +99 +50 +\d+\n/)
    expect(text).toContain('docs/benchmarks.md')
  })

  it('says what was not measured when it is interrupted', async () => {
    const report = await bench({ seconds: 1, users: 2000 }, AbortSignal.abort())
    expect(report.interrupted).toBe(true)
    expect(report.limiters.map(({ nsFew }) => nsFew)).toEqual([null, null, null, null])
    expect(formatBench(report)).toMatch(/^INTERRUPTED[\s\S]*bytes a user +- +- +- +-\n/)
  })

  it('takes large figures without growing wide', () => {
    const figures = { nsFew: 12_345, nsMany: 123_456, p999Us: 12_345.6, longestMs: 12_345.67 }
    const limiters = CONTENDERS.map(({ name, label }) => ({
      ...figures,
      name,
      label,
      mostAdmitted: 100,
      bytesPerUser: 1234,
    }))
    const text = formatBench({
      interrupted: false,
      machine: { node: 'v20.0.0', platform: 'linux x64', cpus: 128 },
      settings: { seconds: 30, fewUsers: 1000, manyUsers: 1_000_000, limit: LIMIT, windowMs: WINDOW_MS },
      limiters,
    })
    expect(Math.max(...text.split('\n').map((row) => row.length))).toBeLessThanOrEqual(72)
  })

  it('takes a million users, or fewer', () => {
    expect([MANY_USERS, MANY_USERS / 10]).toContain(usersThatFit())
  })
})
