/** The rules one by one, in the order of the table in docs/reference.md, with answers worked out by hand. */
import { describe, expect, test } from 'vitest'
import type { LimiterOptions } from '../../src/index.js'
import { loadLimiter, manualClock } from '../../src/index.js'
import { builds } from '../support/builds.js'

describe.each(builds)('on the $name build', ({ module }) => {
  async function setUp(options: LimiterOptions = {}) {
    const clock = manualClock()
    const limiter = await loadLimiter({ sweepIntervalMs: 0, maxUsers: 1000, clock, module, ...options })
    const admitted = (id: string, times: number) =>
      Array.from({ length: times }, () => limiter.isAllowed(id)).filter(Boolean).length
    return { clock, limiter, admitted }
  }

  test('admits 50 at once and no more', async () => {
    const { admitted } = await setUp()
    expect(admitted('a', 70)).toBe(50)
    expect(admitted('b', 70)).toBe(50)
  })

  test('gives a place back exactly one window after it was taken', async () => {
    const { clock, limiter, admitted } = await setUp({ burst: false })
    clock.set(7)
    expect(admitted('a', 50)).toBe(50)
    clock.set(1006.999)
    expect(limiter.isAllowed('a')).toBe(false)
    clock.set(1007)
    expect(admitted('a', 70)).toBe(50)
  })

  test('admits no more than the limit in any second across the edge of a fixed one', async () => {
    const { clock, admitted } = await setUp()
    clock.set(990)
    expect(admitted('a', 60)).toBe(50)
    clock.set(1010)
    expect(admitted('a', 60)).toBe(0)
  })

  test('admits one request every 20 ms for ever', async () => {
    const { clock, limiter } = await setUp()
    for (let i = 0; i < 5000; i++) {
      expect(limiter.isAllowed('a')).toBe(true)
      clock.advance(20)
    }
    expect(limiter.stats()).toMatchObject({ allowed: 5000, denied: 0, burstSpent: 0 })
  })

  test('spends 3 saved tokens on 70 requests at once, and nothing on the denied', async () => {
    const { clock, limiter, admitted } = await setUp()
    expect(limiter.getBurstAllowance('a')).toBe(0)
    clock.set(3000)
    expect(limiter.getBurstAllowance('a')).toBe(3)
    expect(admitted('a', 70)).toBe(53)
    expect(limiter.getBurstAllowance('a')).toBe(0)
    expect(limiter.stats()).toMatchObject({ allowed: 53, denied: 17, burstSpent: 3 })
  })

  test('earns a token for each idle second, from the whole gap, up to the capacity', async () => {
    const { clock, limiter } = await setUp()
    limiter.isAllowed('a')
    clock.advance(5000)
    expect(limiter.getBurstAllowance('a')).toBe(5)
    clock.advance(1e6)
    expect(limiter.getBurstAllowance('a')).toBe(100)
  })

  test('earns nothing within the pace, the whole gap beyond it', async () => {
    const { clock, limiter } = await setUp()
    limiter.isAllowed('a')
    clock.advance(20)
    expect(limiter.getBurstAllowance('a')).toBe(0)
    clock.advance(1)
    expect(limiter.getBurstAllowance('a')).toBe(0.021)
  })

  test('a user who hammers earns nothing and is held to the limit', async () => {
    const { clock, limiter } = await setUp()
    let admitted = 0
    for (let ms = 0; ms < 10_000; ms++) {
      clock.set(ms)
      if (limiter.isAllowed('a')) admitted++
    }
    expect(admitted).toBe(500)
    expect(limiter.getBurstAllowance('a')).toBe(0)
  })

  test('a user never seen has been idle since loading', async () => {
    const { clock, limiter } = await setUp()
    clock.set(5000)
    expect(limiter.getBurstAllowance('new')).toBe(5)
    expect(limiter.check('new')).toMatchObject({ allowed: true, remaining: 49, burstRemaining: 5 })
  })

  test('idleness counts from the reading at loading, whatever it was', async () => {
    const clock = manualClock(1_700_000_000_000)
    const limiter = await loadLimiter({ sweepIntervalMs: 0, clock, module })
    expect(limiter.getBurstAllowance('a')).toBe(0)
    clock.advance(2000)
    expect(limiter.getBurstAllowance('a')).toBe(2)
  })

  test('reading stores nothing and is no activity', async () => {
    const { clock, limiter } = await setUp()
    for (let second = 1; second <= 5; second++) {
      clock.set(second * 1000)
      limiter.getBurstAllowance('a')
      limiter.peek('a')
    }
    expect(limiter.stats().users).toBe(0)
    expect(limiter.getBurstAllowance('a')).toBe(5)
  })

  test('time never runs backwards', async () => {
    const { clock, limiter, admitted } = await setUp()
    clock.set(3000)
    expect(admitted('a', 53)).toBe(53)
    clock.set(0)
    expect(limiter.getBurstAllowance('b')).toBe(3)
    expect(limiter.check('a')).toMatchObject({ allowed: false, retryAfterMs: 4000 })
    clock.set(3999)
    expect(limiter.isAllowed('a')).toBe(false)
    clock.set(4000)
    expect(limiter.isAllowed('a')).toBe(true)
  })

  test('a clock that stands still gives no places back, and one that jumps counts as idling', async () => {
    // As on a laptop that is suspended: some platforms stop the clock, others let it jump.
    const { clock, limiter, admitted } = await setUp()
    expect(admitted('a', 60)).toBe(50)
    expect(admitted('a', 60)).toBe(0)
    clock.advance(8 * 3_600_000)
    expect(limiter.peek('a')).toMatchObject({ remaining: 50, burstRemaining: 100 })
    expect(admitted('a', 200)).toBe(150)
  })

  test('a cost is taken as a whole or not at all: free places first, then tokens', async () => {
    const { clock, limiter } = await setUp()
    clock.set(10_000)
    expect(limiter.isAllowed('a', 45)).toBe(true)
    expect(limiter.isAllowed('a', 16)).toBe(false)
    expect(limiter.peek('a')).toMatchObject({ remaining: 5, burstRemaining: 10 })
    expect(limiter.isAllowed('a', 15)).toBe(true)
    expect(limiter.peek('a')).toMatchObject({ allowed: false, remaining: 0, burstRemaining: 0 })
  })

  test('on a fractional clock no whole token is lost to rounding', async () => {
    for (const refillPerSecond of [0.1, 0.3, 1, 3, 5, 7.7, 10]) {
      for (let start = 0; start < 40; start++) {
        const { clock, limiter } = await setUp({ burst: { capacity: 20, refillPerSecond } })
        clock.set(1e6 + start * 1234.5678)
        let admitted = 0
        // All at once, but for fractions of a millisecond that go by.
        for (let i = 0; i < 80; i++) {
          clock.advance(0.0137)
          if (limiter.isAllowed('a')) admitted++
        }
        expect(admitted).toBe(70)
      }
    }
  })

  test('without burst there are no tokens', async () => {
    const { clock, limiter, admitted } = await setUp({ burst: false })
    clock.set(10_000)
    expect(admitted('a', 70)).toBe(50)
    expect(limiter.getBurstAllowance('a')).toBe(0)
    expect(() => limiter.isAllowed('a', 51)).toThrow(RangeError)
  })

  test('check tells when the next request is admitted and when the window is empty', async () => {
    const { clock, limiter } = await setUp({ limit: 2, burst: false })
    expect(limiter.check('a')).toEqual({
      allowed: true,
      limit: 2,
      remaining: 1,
      burstRemaining: 0,
      fromBurst: 0,
      retryAfterMs: 0,
      resetMs: 1000,
      reason: undefined,
    })
    clock.set(300)
    limiter.check('a')
    clock.set(400)
    expect(limiter.check('a')).toMatchObject({ allowed: false, remaining: 0, retryAfterMs: 600, resetMs: 900 })
    expect(limiter.peek('a', 2)).toMatchObject({ allowed: false, retryAfterMs: 900 })
    clock.set(1300)
    expect(limiter.peek('a')).toMatchObject({ allowed: true, remaining: 2, resetMs: 0 })
  })

  test('waiting for a token counts as idling, so a token may come before a place', async () => {
    const { clock, limiter, admitted } = await setUp({ limit: 10, windowMs: 60_000, burst: { refillPerSecond: 1 } })
    admitted('a', 10)
    clock.advance(500)
    expect(limiter.check('a')).toMatchObject({ allowed: false, retryAfterMs: 6000 + Number.EPSILON * 4096 })
  })

  test('reset makes a user as one never seen', async () => {
    const { clock, limiter, admitted } = await setUp()
    clock.set(3000)
    admitted('a', 60)
    limiter.reset('a')
    limiter.reset('never seen')
    expect(limiter.stats().users).toBe(0)
    expect(limiter.peek('a')).toEqual(limiter.peek('never seen'))
    expect(admitted('a', 60)).toBe(53)
  })

  test('sweep removes users who are stale, and none who is not', async () => {
    const { clock, limiter, admitted } = await setUp()
    admitted('fresh', 1)
    clock.set(2000)
    admitted('spender', 52)
    admitted('busy', 1)
    expect(limiter.sweep()).toBe(1)
    clock.set(3000)
    expect(limiter.sweep()).toBe(1)
    expect(limiter.stats()).toMatchObject({ users: 1, swept: 2 })
    clock.set(101_999)
    expect(limiter.sweep()).toBe(0)
    clock.set(102_000)
    expect(limiter.sweep()).toBe(1)
    expect(limiter.stats().users).toBe(0)
  })

  test('a limit of one and a large one', async () => {
    const one = await setUp({ limit: 1, burst: false })
    expect(one.admitted('a', 3)).toBe(1)
    const large = await setUp({ limit: 100_000, windowMs: 3_600_000, burst: false })
    expect(large.limiter.isAllowed('a', 100_000)).toBe(true)
    expect(large.limiter.isAllowed('a')).toBe(false)
    large.clock.advance(3_600_000)
    expect(large.limiter.isAllowed('a', 100_000)).toBe(true)
  })

  test('a closed limiter throws, and closing again does nothing', async () => {
    const { limiter } = await setUp({ sweepIntervalMs: 10 })
    limiter.close()
    limiter.close()
    limiter[Symbol.dispose]()
    for (const use of [
      () => limiter.isAllowed('a'),
      () => limiter.check('a'),
      () => limiter.peek('a'),
      () => limiter.getBurstAllowance('a'),
      () => limiter.reset('a'),
      () => limiter.sweep(),
      () => limiter.stats(),
    ]) {
      expect(use).toThrow(new Error('The limiter is closed'))
    }
  })

  test('limiters do not know of each other', async () => {
    const one = await setUp()
    const other = await setUp()
    expect(one.admitted('a', 60)).toBe(50)
    expect(other.admitted('a', 60)).toBe(50)
  })
})

test('methods may be used detached from their limiter', async () => {
  const { isAllowed, check, peek, getBurstAllowance, reset, sweep, stats, close } = await loadLimiter({ limit: 1 })
  expect(isAllowed('a')).toBe(true)
  expect(check('a').allowed).toBe(false)
  expect(peek('a').remaining).toBe(0)
  expect(getBurstAllowance('a')).toBe(0)
  reset('a')
  expect(sweep()).toBe(0)
  expect(stats()).toMatchObject({ users: 0, allowed: 1, denied: 1 })
  close()
  expect(() => isAllowed('a')).toThrow(new Error('The limiter is closed'))
})
