/** Waits as whole seconds for headers. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLimiter, manualClock, secondsToWait } from '../../src/index.js'

test.each([
  [0, 1000, 0],
  [0.001, 1000, 1],
  [1000, 1000, 1],
  // What rounding to ticks adds is not told: the header stays within the window.
  [1000.0666, 1000, 1],
  [60_004, 60_000, 60],
  // A wait for tokens may be longer than the window.
  [1001, 1000, 2],
  [90_000.5, 60_000, 91],
  [Infinity, 1000, Infinity],
  [333.3, 333.25, 1],
])('%d ms in a window of %d ms are %d s', (ms, windowMs, seconds) => {
  expect(secondsToWait(ms, windowMs)).toBe(seconds)
})

test('what is no wait or no window is an error', () => {
  for (const bad of ['5', null, undefined, 5n]) {
    expect(() => secondsToWait(bad as never, 1000)).toThrow(TypeError)
    expect(() => secondsToWait(1000, bad as never)).toThrow(TypeError)
  }
  for (const bad of [Number.NaN, -1]) expect(() => secondsToWait(bad, 1000)).toThrow(RangeError)
  for (const bad of [Number.NaN, 0, Infinity]) expect(() => secondsToWait(1000, bad)).toThrow(RangeError)
})

test('the first request of a user never shows more seconds than the window has', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 86_400 }), fc.double({ min: 0, max: 1e9, noNaN: true }), (seconds, start) => {
      const clock = manualClock(start)
      using limiter = createLimiter({ limit: 1, windowMs: 1000 * seconds, clock, maxUsers: 10 })
      clock.advance(start % 7)
      expect(secondsToWait(limiter.check('a').resetMs, 1000 * seconds)).toBe(seconds)
      const { retryAfterMs } = limiter.check('a')
      expect(secondsToWait(retryAfterMs, 1000 * seconds)).toBe(seconds)
    }),
  )
})

test('a client that waits as told, and two ticks, is admitted', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.double({ min: 1, max: 100_000, noNaN: true }),
      fc.array(fc.double({ min: 0, max: 10_000, noNaN: true }), { minLength: 1, maxLength: 50 }),
      fc.boolean(),
      (limit, windowMs, gaps, withTokens) => {
        const clock = manualClock()
        const burst = withTokens && { capacity: 5, refillPerSecond: 0.5 }
        using limiter = createLimiter({ limit, windowMs, burst, clock, maxUsers: 10 })
        for (const gap of gaps) {
          clock.advance(gap)
          const cost = 1 + Math.floor(gap % limit)
          const { allowed, retryAfterMs } = limiter.check('a', cost)
          if (allowed) continue
          clock.advance(1000 * secondsToWait(retryAfterMs, windowMs) + (2 * windowMs) / 30_000)
          expect(limiter.isAllowed('a', cost)).toBe(true)
        }
      },
    ),
  )
})
