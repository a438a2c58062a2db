// What holds under fake timers, whichever way a test has the package.
module.exports = function testTimers(
  { createLimiter, coarseClock, manualClock },
  { afterEach, describe, expect, jest, test },
) {
  describe('fake timers', () => {
    afterEach(() => {
      jest.useRealTimers()
    })

    test.each([undefined, coarseClock()])('faked before the limiter is loaded', (clock) => {
      jest.useFakeTimers()
      expectFaked(createLimiter({ limit: 1, windowMs: 60_000, clock }))
    })

    test.each([undefined, coarseClock()])('faked after the limiter is loaded', (clock) => {
      const limiter = createLimiter({ limit: 1, windowMs: 60_000, clock })
      jest.useFakeTimers()
      expectFaked(limiter)
    })

    test('a clock of the test is its own', () => {
      jest.useFakeTimers()
      const clock = manualClock()
      const limiter = createLimiter({ limit: 1, windowMs: 60_000, clock })
      expect(limiter.isAllowed('a')).toBe(true)
      jest.advanceTimersByTime(60_000)
      expect(limiter.isAllowed('a')).toBe(false)
      clock.advance(60_010)
      expect(limiter.isAllowed('a')).toBe(true)
      limiter.close()
    })

    test('runAllTimers ends', () => {
      jest.useFakeTimers()
      const limiter = createLimiter({ limit: 1 })
      limiter.isAllowed('a')
      jest.runAllTimers()
      expect(limiter.stats().users).toBe(0)
      limiter.close()
    })

    function expectFaked(limiter) {
      expect([limiter.isAllowed('a'), limiter.isAllowed('a')]).toEqual([true, false])
      jest.advanceTimersByTime(59_000)
      expect(limiter.isAllowed('a')).toBe(false)
      jest.advanceTimersByTime(1010)
      expect(limiter.isAllowed('a')).toBe(true)
      limiter.close()
    }
  })
}
