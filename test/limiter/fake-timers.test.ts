/** Under fake timers the default clock is the faked one, and running all timers comes to an end. */
import FakeTimers from '@sinonjs/fake-timers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type * as Spillway from '../../src/index.js'
import { coarseClock, createLimiter, manualClock } from '../../src/index.js'

/** Fake timers, however they are made. */
interface Fakes {
  advance(ms: number): void
  runAll(): void
  restore(): void
}

const libraries: { name: string; install: () => Fakes }[] = [
  {
    name: 'vitest',
    install() {
      vi.useFakeTimers()
      return {
        advance: (ms) => void vi.advanceTimersByTime(ms),
        runAll: () => void vi.runAllTimers(),
        restore: () => void vi.useRealTimers(),
      }
    },
  },
  {
    name: '@sinonjs/fake-timers',
    install() {
      // Not what the test runner's own messages need: without these its process hung now and then.
      const clock = FakeTimers.install({ toNotFake: ['nextTick', 'queueMicrotask'] })
      return {
        advance: (ms) => void clock.tick(ms),
        runAll: () => void clock.runAll(),
        restore: () => void clock.uninstall(),
      }
    },
  },
]

describe.each(libraries)('of $name', ({ install }) => {
  let fakes: Fakes | undefined
  const useFakes = () => {
    fakes = install()
    return fakes
  }
  afterEach(() => {
    fakes?.restore()
    fakes = undefined
  })

  const clocks = [
    { name: 'the default clock', options: () => ({}) },
    { name: 'a coarse clock', options: () => ({ clock: coarseClock(100) }) },
  ]

  test.each(clocks)('$name is faked for a limiter that was loaded before', ({ options }) => {
    using limiter = createLimiter({ limit: 2, windowMs: 60_000, ...options() })
    limiter.isAllowed('a')
    const { advance } = useFakes()
    limiter.isAllowed('a')
    expect(limiter.isAllowed('a')).toBe(false)
    advance(59_000)
    expect(limiter.isAllowed('a')).toBe(false)
    // A place comes back up to two ticks late, which are 4 ms of a minute.
    advance(1004)
    expect(limiter.peek('a').remaining).toBe(2)
  })

  test.each(clocks)('$name is faked for a limiter that is loaded after', ({ options }) => {
    const { advance } = useFakes()
    using limiter = createLimiter({ limit: 2, windowMs: 60_000, ...options() })
    limiter.isAllowed('a', 2)
    advance(59_999)
    expect(limiter.isAllowed('a')).toBe(false)
    advance(5)
    expect(limiter.isAllowed('a')).toBe(true)
  })

  test.each(clocks)('$name goes on from where it was when fakes come and go', ({ options }) => {
    using limiter = createLimiter({ limit: 1, windowMs: 60_000, ...options() })
    limiter.isAllowed('a')
    for (let round = 0; round < 3; round++) {
      const { advance, restore } = useFakes()
      expect(limiter.isAllowed('a')).toBe(false)
      advance(60_005)
      expect(limiter.isAllowed('a')).toBe(true)
      restore()
      expect(limiter.isAllowed('a')).toBe(false)
      // The time that fakes had let pass has passed.
      expect(limiter.peek('a').retryAfterMs).toBeGreaterThan(50_000)
      expect(limiter.peek('a').retryAfterMs).toBeLessThanOrEqual(60_004)
    }
  })

  test('the clock goes on though the package was imported while faked', async () => {
    const { advance, restore } = useFakes()
    vi.resetModules()
    const { createLimiter: createAnother } = (await import('../../src/index.js')) as typeof Spillway
    using limiter = createAnother({ limit: 1, windowMs: 1000 })
    limiter.isAllowed('a')
    advance(500)
    expect(limiter.peek('a').retryAfterMs).toBe(500)
    restore()
    const before = limiter.peek('a').retryAfterMs
    expect(before).toBeLessThanOrEqual(500)
    const start = performance.now()
    while (performance.now() < start + 2);
    expect(limiter.peek('a').retryAfterMs).toBeLessThanOrEqual(before - 2 + 1e-6)
  })

  test('running all timers ends though the clock of the limiter stands still, or fails', () => {
    const { runAll } = useFakes()
    const clock = manualClock()
    using standing = createLimiter({ clock })
    standing.isAllowed('a')
    runAll()
    expect(standing.stats().users).toBe(1)
    // It is swept all the same once somebody comes after the clock has moved on.
    clock.advance(1_000_000)
    standing.isAllowed('b')
    clock.advance(1_000_000)
    runAll()
    expect(standing.stats().users).toBe(0)

    let reading = 0
    using failing = createLimiter({ clock: () => reading })
    failing.isAllowed('a')
    reading = Number.NaN
    runAll()
  })

  test('timers that were lost with the fakes are set anew', async () => {
    const { restore } = useFakes()
    using limiter = createLimiter({ limit: 5, windowMs: 10, sweepIntervalMs: 5 })
    for (let i = 0; i < 2000; i++) limiter.isAllowed(`faked_${i}`)
    restore()
    for (let i = 0; i < 2000; i++) limiter.isAllowed(`real_${i}`)
    await vi.waitFor(() => expect(limiter.stats().users).toBe(0))
  })

  test.each([
    { name: 'default options', options: {} },
    { name: 'a window of a day', options: { limit: 5, windowMs: 86_400_000 } },
    { name: 'tokens that take long', options: { limit: 1, windowMs: 1000, burst: { refillPerSecond: 0.001 } } },
    { name: 'tokens that never come', options: { limit: 1, windowMs: 1000, burst: { refillPerSecond: 0 } } },
  ])('running all timers ends: $name', ({ options }) => {
    const { runAll, advance } = useFakes()
    using limiter = createLimiter(options)
    advance(5000)
    for (let i = 0; i < 100; i++) {
      limiter.isAllowed(`user_${i}`)
      limiter.isAllowed(`user_${i}`)
    }
    runAll()
    expect(limiter.stats().users).toBe(0)
  })
})
