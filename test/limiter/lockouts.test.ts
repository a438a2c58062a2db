/** Blocked users: kept through all that happens to others, and let go in time. */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createLimiter, manualClock } from '../../src/index.js'
import { Core } from '../../src/limiter/core.js'
import { resolveOptions } from '../../src/limiter/options.js'
import { Users } from '../../src/limiter/users.js'
import { WasmLimiter } from '../../src/limiter/wasm-limiter.js'
import { builds } from '../support/builds.js'

const [release] = builds
/** How many are blocked at once. */
const MANY = process.env.CI ? 1_000_000 : 200_000
const MINUTE = 60_000

afterEach(() => {
  vi.restoreAllMocks()
})

test(`${MANY} blocked users stay so, through growth, floods, merges, moves and a snapshot, until their time is over`, () => {
  vi.spyOn(Date, 'now').mockReturnValue(0)
  const { module } = release!
  const clock = manualClock()
  const given = { limit: 5, windowMs: 1000, clock, sweepIntervalMs: 0, maxUsers: 1.06 * MANY }
  const settings = { ...resolveOptions(given), spareBytes: 0 }
  let limiter = new WasmLimiter(module, settings, undefined)
  /** Looks at some of them, since looking at all takes a while. */
  const expectBlocked = (retryAfterMs: number) => {
    for (let i = 0; i < MANY; i += 997) {
      expect(limiter.peek(`blocked_${i}`)).toMatchObject({ reason: 'blocked', retryAfterMs })
    }
  }
  // While they come, others do, and go again.
  for (let i = 0; i < MANY; i++) {
    if (!limiter.block(`blocked_${i}`, 10 * MINUTE)) expect.fail(`there is no room for blocked_${i}`)
    if (i % 2 === 0) limiter.isAllowed(`passer_${i % (MANY / 10)}`)
  }
  expect(limiter.stats()).toMatchObject({ users: 1.05 * MANY, evicted: 0 })
  expectBlocked(10 * MINUTE)

  // Of a record each, in pages that are two thirds full at worst: a block would be more.
  const { memoryBytes, users } = limiter.stats()
  expect(memoryBytes / users).toBeLessThan(64 * 1.8)

  // A flood of new ids, of which only some have a page with anybody else to leave: they find room elsewhere.
  for (let i = 0; i < 0.7 * MANY; i++) limiter.isAllowed(`flood_${i}`)
  expect(limiter.stats()).toMatchObject({ users: 1.06 * MANY, evicted: 0.69 * MANY })

  // Sweeping takes the others, and none of them.
  clock.advance(MINUTE)
  limiter.sweep()
  expect(limiter.stats().users).toBe(MANY)
  expectBlocked(9 * MINUTE)

  const snapshot = limiter.snapshot()
  expect(snapshot).toHaveLength(96 + 34 * MANY)
  limiter.close()
  vi.spyOn(Date, 'now').mockReturnValue(MINUTE)
  clock.advance(MINUTE)
  limiter = new WasmLimiter(module, settings, snapshot)
  expect(limiter.stats()).toMatchObject({ users: MANY, swept: 0 })
  expectBlocked(8 * MINUTE)

  // Most are let go: pages merge, and those who are left move to another instance.
  for (let i = 0; i < MANY; i++) if (i % 997 !== 0) limiter.unblock(`blocked_${i}`)
  clock.advance(MINUTE)
  limiter.sweep()
  const left = Math.ceil(MANY / 997)
  expect(limiter.stats().users).toBe(left)
  expect(limiter.stats().memoryBytes).toBeLessThan(memoryBytes / 100)
  expectBlocked(7 * MINUTE)

  clock.advance(7 * MINUTE - 1)
  limiter.sweep()
  expect(limiter.stats().users).toBe(left)
  clock.advance(1)
  expect(limiter.isAllowed('blocked_0')).toBe(true)
  clock.advance(MINUTE)
  limiter.sweep()
  expect(limiter.stats().users).toBe(0)
  limiter.close()
}, 120_000)

describe.each(builds)('on the $name build', ({ module }) => {
  test('the longest window hides no block', () => {
    using limiter = createLimiter({ limit: 5, windowMs: Number.MAX_SAFE_INTEGER, sweepIntervalMs: 0, module })
    limiter.block('a', 1000)
    expect(limiter.check('a').reason).toBe('blocked')
  })

  test('a user blocked at any fraction of a millisecond moves to another instance', () => {
    for (let step = 0; step < 300; step++) {
      const clock = manualClock()
      const options = resolveOptions({ limit: 5, windowMs: 1, clock, sweepIntervalMs: 0, module })
      const settings = { ...options, spareBytes: 0 }
      const users = new Users(new Core(module, settings).start(0), settings)
      for (let i = 0; i < 600; i++) users.core.abi.decide(users.slotOf(`filler_${i}`), 0, 1, 5)
      const first = users.core
      const now = 1000 + step * 0.0137
      users.core.abi.decide(users.slotOf('a'), now, 3, 5)
      users.core.abi.block(users.slotOf('a'), now, 1000)
      users.sweepAll(now)
      expect(users.core).not.toBe(first)
      expect(users.statistics()).toMatchObject({ users: 1, evicted: 0 })
      expect(users.core.abi.decide(users.slotOf('a'), now, 1, 5) & 1).toBe(0)
    }
  })

  test('a block that is over ended when it was to, with a window full of admissions', () => {
    const clock = manualClock()
    const burst = { capacity: 1000, refillPerSecond: 1 }
    using limiter = createLimiter({ limit: 50, windowMs: 1000, burst, clock, sweepIntervalMs: 0, module })
    clock.advance(1000)
    for (let i = 0; i < 50; i++) {
      limiter.isAllowed('a')
      clock.advance(10)
    }
    limiter.isAllowed('a')
    expect(limiter.getBurstAllowance('a')).toBe(0)
    limiter.block('a', 123)
    // Some of the admissions are out of the window by then, and more than twelve are not.
    clock.advance(700)
    expect(limiter.peek('a').remaining).toBe(limiter.check('a').remaining + 1)
    expect(limiter.getBurstAllowance('a')).toBe(0.577)
  })

  test('who is blocked is evicted last, and of those who are, the one soonest free', () => {
    const clock = manualClock()
    using limiter = createLimiter({ limit: 5, clock, sweepIntervalMs: 0, maxUsers: 50, module })
    for (let i = 0; i < 49; i++) limiter.block(`blocked_${i}`, 10_000 + i)
    for (let i = 0; i < 500; i++) limiter.isAllowed(`flood_${i}`)
    for (let i = 0; i < 49; i++) expect(limiter.peek(`blocked_${i}`).reason).toBe('blocked')
    // Nobody else is left.
    expect(limiter.block('one more', 20_000)).toBe(true)
    limiter.isAllowed('newcomer')
    expect(limiter.peek('blocked_0').reason).toBeUndefined()
    for (let i = 1; i < 49; i++) expect(limiter.peek(`blocked_${i}`).reason).toBe('blocked')
  })
})
