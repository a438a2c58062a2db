/** The coarse clock: behind by no more than it says, never ahead, never back. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { coarseClock, loadLimiter } from '../../src/index.js'

let now = 0

beforeEach(() => {
  now = 1000
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  vi.spyOn(performance, 'now').mockImplementation(() => now)
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** Lets time pass, timers on time. */
function pass(ms: number): void {
  now += ms
  vi.advanceTimersByTime(ms)
}

test('is behind by no more than its resolution while timers are on time', () => {
  for (const resolutionMs of [1, 5, 100]) {
    const clock = coarseClock(resolutionMs)
    let last = clock()
    for (let i = 0; i < 1000; i++) {
      pass(i % 3)
      const reading = clock()
      expect(reading).toBeLessThanOrEqual(now)
      expect(reading).toBeGreaterThan(now - resolutionMs - 1e-9)
      expect(reading).toBeGreaterThanOrEqual(last)
      last = reading
    }
  }
})

test('reads the platform once in 64 readings at the least, though no timer fires', () => {
  const clock = coarseClock()
  clock()
  for (let i = 1; i < 64; i++) {
    now++
    expect(clock()).toBe(1000)
  }
  now++
  expect(clock()).toBe(now)
})

test('saves readings of the platform', () => {
  const clock = coarseClock()
  for (let i = 0; i < 640; i++) clock()
  expect(performance.now).toHaveBeenCalledTimes(10)
})

test('runs no timer while nobody reads', () => {
  const clock = coarseClock(10)
  expect(vi.getTimerCount()).toBe(0)
  clock()
  expect(vi.getTimerCount()).toBe(1)
  pass(10)
  expect(vi.getTimerCount()).toBe(0)
  clock()
  expect(vi.getTimerCount()).toBe(1)
})

test('with it, no window that is longer by the resolution admits more than the limit', async () => {
  const resolutionMs = 10
  using limiter = await loadLimiter({
    limit: 5,
    windowMs: 100,
    burst: false,
    clock: coarseClock(resolutionMs),
    sweepIntervalMs: 0,
    maxUsers: 10,
  })
  const admitted: number[] = []
  for (let i = 0; i < 5000; i++) {
    pass(i % 4)
    if (limiter.isAllowed('a')) admitted.push(now)
  }
  expect(admitted.length).toBeGreaterThan(300)
  for (let i = 5; i < admitted.length; i++) {
    expect(admitted[i] - admitted[i - 5]).toBeGreaterThan(100 - resolutionMs)
  }
})

test('takes a resolution of 1 to 1000 ms', () => {
  for (const resolution of [0, 0.5, -1, 1001, Number.NaN]) expect(() => coarseClock(resolution)).toThrow(RangeError)
  expect(() => coarseClock('1' as never)).toThrow(TypeError)
})
