/** Many users: growth, sweeping, memory, and what happens when it is full. */
import { describe, expect, test } from 'vitest'
import { Oracle } from '../../src/cli/stress/oracle.js'
import type { LimiterOptions } from '../../src/index.js'
import { loadLimiter, manualClock } from '../../src/index.js'
import { builds } from '../support/builds.js'
import { expectSame } from '../support/same.js'

const BURST = { capacity: 100, refillPerSecond: 1 }

describe.each(builds)('on the $name build', ({ module }) => {
  /** Without tokens, but where a test is about them: a user is stale as soon as the window is empty. */
  async function setUp(options: LimiterOptions = {}) {
    const clock = manualClock()
    return { clock, limiter: await loadLimiter({ burst: false, sweepIntervalMs: 0, clock, module, ...options }) }
  }

  test('20,000 users growing, swept in part, and growing again are all kept apart', async () => {
    const { clock, limiter } = await setUp({ burst: BURST })
    const oracle = new Oracle({ limit: 50, windowMs: 1000, ...BURST })
    const ask = (id: string, cost: number) => {
      expectSame(limiter.isAllowed(id, cost), oracle.decide(id, clock(), cost).allowed)
    }
    for (let i = 0; i < 20_000; i++) ask(`user_${i}`, 1 + (i % 49))
    expect(limiter.stats().users).toBe(20_000)
    clock.set(500)
    for (let i = 0; i < 20_000; i += 3) ask(`user_${i}`, 1)
    clock.set(1200)
    // Those who asked only at 0.
    const stale = oracle.users.filter((id) => oracle.stale(id, clock()))
    expect(stale.length).toBeGreaterThan(10_000)
    expect(limiter.sweep()).toBe(stale.length)
    for (let i = 0; i < 20_000; i += 2) ask(`user_${i}`, 40)
    clock.set(50_000)
    for (let i = 0; i < 20_000; i++) ask(`user_${i}`, 60)
    for (let i = 0; i < 20_000; i++) ask(`user_${i}`, 39)
    for (let i = 0; i < 20_000; i++) ask(`user_${i}`, 2)
    expect(limiter.stats()).toMatchObject({ users: 20_000, evicted: 0 })
    clock.set(1_000_000)
    expect(limiter.sweep()).toBe(20_000)
    expect(limiter.stats().users).toBe(0)
  })

  test('memory is used again: a sweep gives all pages back', async () => {
    let first = 0
    const { clock, limiter } = await setUp()
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 5000; i++) limiter.isAllowed(`${round}_${i}`, 50)
      const full = limiter.stats().memoryBytes
      expect(full).toBeGreaterThan(5000 * (64 + 104))
      clock.advance(1000)
      expect(limiter.sweep()).toBe(5000)
      // What is left: one page of the table, the directory, and the slots of the memo.
      expect(limiter.stats().memoryBytes).toBeLessThan(full / 4)
      if (round === 0) first = full
      expect(full).toBeLessThan(1.1 * first)
    }
  })

  test('ring blocks go back when the window has emptied, before the user is stale', async () => {
    const { clock, limiter } = await setUp({ burst: BURST })
    clock.set(10_000)
    // Who spent tokens is not stale before they are there again.
    for (let i = 0; i < 50; i++) limiter.isAllowed(`a_${i}`, 55)
    const busy = limiter.stats().memoryBytes
    clock.advance(2000)
    expect(limiter.sweep()).toBe(0)
    expect(limiter.stats().memoryBytes).toBeLessThan(busy - 50 * 104)
  })

  test('evicts the user idle for longest, and never one at the limit', async () => {
    const { clock, limiter } = await setUp({ maxUsers: 3 })
    clock.set(5000)
    limiter.isAllowed('attacker', 50)
    for (const [i, id] of ['a', 'b'].entries()) {
      clock.set(5010 + i)
      limiter.isAllowed(id)
    }
    for (let i = 0; i < 1000; i++) {
      clock.set(5012 + i / 2)
      expect(limiter.isAllowed(`flood_${i}`)).toBe(true)
    }
    expect(limiter.stats()).toMatchObject({ users: 3, evicted: 1000, swept: 0 })
    expect(limiter.peek('attacker')).toMatchObject({ remaining: 0 })
    // The latest two of the flood stayed.
    expect(limiter.peek('flood_999')).toMatchObject({ remaining: 49 })
    expect(limiter.peek('flood_998')).toMatchObject({ remaining: 49 })
    expect(limiter.peek('flood_997')).toMatchObject({ remaining: 50 })
    expect(limiter.peek('a')).toMatchObject({ remaining: 50 })
  })

  test('a flood wins a user who is just below the limit nothing either', async () => {
    const { clock, limiter } = await setUp({ maxUsers: 2 })
    expect(limiter.isAllowed('attacker', 49)).toBe(true)
    for (let i = 0; i < 100; i++) {
      clock.advance(1)
      limiter.isAllowed(`flood_${i}`)
    }
    expect(limiter.peek('attacker').remaining).toBe(1)
  })

  test('evicts one whose window is empty before any who has taken places', async () => {
    const { clock, limiter } = await setUp({ maxUsers: 2, burst: BURST })
    clock.set(10_000)
    // Not stale, for want of the tokens that it spent.
    limiter.isAllowed('idle', 55)
    clock.set(11_500)
    limiter.isAllowed('busy')
    limiter.isAllowed('new')
    expect(limiter.peek('busy').remaining).toBe(49)
    expect(limiter.stats()).toMatchObject({ evicted: 1, swept: 0 })
    expect(limiter.peek('idle')).toEqual(limiter.peek('never seen'))
  })

  test('evicts from a page where all are at the limit', async () => {
    const { clock, limiter } = await setUp({ maxUsers: 2, limit: 1 })
    limiter.isAllowed('a')
    clock.advance(100)
    limiter.isAllowed('b')
    clock.advance(100)
    expect(limiter.isAllowed('c')).toBe(true)
    expect(limiter.isAllowed('b')).toBe(false)
    expect(limiter.stats()).toMatchObject({ users: 2, evicted: 1 })
  })

  test('a stale user makes room before anybody is evicted', async () => {
    const { clock, limiter } = await setUp({ maxUsers: 2 })
    limiter.isAllowed('a')
    clock.set(900)
    limiter.isAllowed('b')
    clock.set(1100)
    limiter.isAllowed('c')
    expect(limiter.stats()).toMatchObject({ users: 2, evicted: 0, swept: 1 })
  })

  test("onFull 'deny' turns newcomers away until one is stale, and says when", async () => {
    const { clock, limiter } = await setUp({ maxUsers: 2, onFull: 'deny' })
    limiter.isAllowed('a')
    clock.set(300)
    limiter.isAllowed('b')
    expect(limiter.peek('new')).toMatchObject({ allowed: false, remaining: 50, retryAfterMs: 700 })
    expect(limiter.check('new')).toMatchObject({ allowed: false, retryAfterMs: 700 })
    expect(limiter.isAllowed('b')).toBe(true)
    clock.set(999)
    expect(limiter.isAllowed('new')).toBe(false)
    clock.set(1000)
    expect(limiter.peek('new').allowed).toBe(true)
    expect(limiter.isAllowed('new')).toBe(true)
    expect(limiter.stats()).toMatchObject({ users: 2, denied: 2, evicted: 0, swept: 1 })
  })

  test("onFull 'deny' counts a full window that ends within the pace as stale: peek, check and retryAfterMs agree", async () => {
    const { clock, limiter } = await setUp({ maxUsers: 1, onFull: 'deny', limit: 1 })
    limiter.isAllowed('a')
    clock.set(999)
    expect(limiter.isAllowed('a')).toBe(false)
    expect(limiter.peek('new')).toMatchObject({ allowed: false, retryAfterMs: 1 })
    clock.set(1000)
    expect(limiter.peek('new').allowed).toBe(true)
    expect(limiter.check('new').allowed).toBe(true)
  })

  test("onFull 'allow' admits newcomers without keeping them", async () => {
    const { limiter } = await setUp({ maxUsers: 1, onFull: 'allow' })
    limiter.isAllowed('a', 50)
    expect(limiter.isAllowed('a')).toBe(false)
    for (let i = 0; i < 200; i++) expect(limiter.isAllowed('new')).toBe(true)
    expect(limiter.peek('new')).toMatchObject({ allowed: true, remaining: 50 })
    // As one never seen: all of the limit at once.
    expect(limiter.peek('new', 50).allowed).toBe(true)
    expect(limiter.stats()).toMatchObject({ users: 1, allowed: 201, evicted: 0 })
  })

  test("onFull 'allow' tells a newcomer no wait for a room that it does not need", async () => {
    const { clock, limiter } = await setUp({ maxUsers: 1, onFull: 'allow', limit: 1, windowMs: 20_000, burst: {} })
    limiter.isAllowed('a')
    clock.set(1000)
    // A newcomer has a token by now; three more want four, at 4,000 ms.
    const told = { allowed: false, retryAfterMs: 3000, reason: 'limit' }
    expect(limiter.peek('new', 5)).toMatchObject(told)
    expect(limiter.check('new', 5)).toMatchObject(told)
    clock.set(3999)
    expect(limiter.peek('new', 5).allowed).toBe(false)
    clock.set(4000)
    expect(limiter.check('new', 5)).toMatchObject({ allowed: true, fromBurst: 4 })
  })

  test("onFull 'deny' says that there is no room, 'allow' that the limit denies", async () => {
    for (const [onFull, reason] of [
      ['deny', 'full'],
      ['allow', 'limit'],
    ] as const) {
      const { limiter } = await setUp({ maxUsers: 1, onFull })
      limiter.isAllowed('a')
      expect(limiter.check('new', { cost: 50, limit: 49 })).toMatchObject({ allowed: false, reason })
      expect(limiter.peek('new', { cost: 50, limit: 49 })).toMatchObject({ allowed: false, reason })
    }
  })

  test.each([1, 2, 63, 64, 65, 1000, 5000])('holds exactly maxUsers users: %i', async (maxUsers) => {
    const { clock, limiter } = await setUp({ maxUsers })
    for (let i = 0; i < 3 * maxUsers + 10; i++) {
      limiter.isAllowed(`user_${i}`)
      expectSame(limiter.stats().users, Math.min(i + 1, maxUsers))
    }
    clock.advance(1000)
    expect(limiter.sweep()).toBe(maxUsers)
    for (let i = 0; i < maxUsers; i++) limiter.isAllowed(`again_${i}`)
    expect(limiter.stats()).toMatchObject({ users: maxUsers, evicted: 2 * maxUsers + 10 })
  })

  test('a flood without any sweep stays within maxUsers, and memory within bounds', async () => {
    const { clock, limiter } = await setUp({ maxUsers: 2000 })
    for (let i = 0; i < 50_000; i++) {
      if (i % 100 === 0) clock.advance(50)
      limiter.isAllowed(`flood_${i}`)
    }
    const { users, memoryBytes } = limiter.stats()
    expect(users).toBeLessThanOrEqual(2000)
    expect(memoryBytes).toBeLessThan(2000 * 250)
  })
})

test('a second wave of users takes no more memory than the first', async () => {
  const count = process.env.CI ? 1_000_000 : 200_000
  const clock = manualClock()
  using limiter = await loadLimiter({ burst: false, sweepIntervalMs: 0, clock })
  const come = (wave: string) => {
    for (let i = 0; i < count; i++) limiter.isAllowed(`${wave}_${i}`)
    expect(limiter.stats().users).toBe(count)
    return limiter.stats().memoryBytes
  }
  const first = come('first')
  clock.advance(200_000)
  expect(limiter.sweep()).toBe(count)
  // One page of the table, the directory, and the slots of a memo.
  expect(limiter.stats().memoryBytes).toBeLessThan(10 * 4096)
  const second = come('second')
  expect(second).toBeLessThanOrEqual(first)
  expect(limiter.stats().evicted).toBe(0)
}, 60_000)
