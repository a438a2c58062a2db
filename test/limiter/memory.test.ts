/** Memory: taken as users come, ahead of need, and let go with the limiter. What happens when there is no more. */
import { spawnSync } from 'node:child_process'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import type { LimiterStats } from '../../src/index.js'
import { createLimiter, manualClock } from '../../src/index.js'
import { NO_ROOM } from '../../src/limiter/abi.js'
import { Core } from '../../src/limiter/core.js'
import { resolveOptions } from '../../src/limiter/options.js'
import { Users } from '../../src/limiter/users.js'
import { builds } from '../support/builds.js'
import { expectSame } from '../support/same.js'

test('a limiter takes no linear memory before it is used, and 64 kB then', () => {
  const settings = resolveOptions({})
  const core = new Core(builds[0].module, settings)
  expect(core.abi.memory.buffer.byteLength).toBe(0)
  core.start(0)
  expect(core.abi.memory.buffer.byteLength).toBe(2 ** 16)
})

test('10,000 limiters live in one process', () => {
  const before = process.memoryUsage().external
  const limiters = Array.from({ length: 10_000 }, () => createLimiter())
  expect(process.memoryUsage().external - before).toBeLessThan(10_000 * 1024)
  expect(limiters[9999].isAllowed('a')).toBe(true)
  for (const limiter of limiters) limiter.close()
})

test('memory grows ahead of need while users come with a turn of the event loop now and then', async () => {
  // Nobody is stale before all have come, however slow the machine is.
  using limiter = createLimiter({ clock: manualClock() })
  for (let i = 0; i < 200_000; i++) {
    limiter.isAllowed(`user_${i}`)
    // Timers are due a millisecond after they were set.
    if (i % 4000 === 3999) for (const start = performance.now(); performance.now() < start + 2; ) await turn()
  }
  expect(limiter.stats()).toMatchObject({ users: 200_000, forcedGrowths: 0 })
})

test('memory that a decision had to wait for is counted', () => {
  using limiter = createLimiter({ sweepIntervalMs: 0, clock: manualClock() })
  for (let i = 0; i < 100_000; i++) expectSame(limiter.isAllowed(`user_${i}`, 50), true)
  for (let i = 0; i < 100_000; i++) expectSame(limiter.isAllowed(`user_${i}`), false)
  expect(limiter.stats()).toMatchObject({ users: 100_000, evicted: 0 })
  expect(limiter.stats().forcedGrowths).toBeGreaterThan(3)
})

describe('what is held', () => {
  let collect: () => void
  beforeAll(() => {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
  })

  test('ids cut out of long texts do not keep the texts alive', () => {
    using limiter = createLimiter()
    collect()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 2000; i++) {
      const id = `${'x'.repeat(65_536)} client-address-${String(i).padStart(8, '0')} ${i}`.slice(65_537, 65_537 + 24)
      limiter.isAllowed(id)
      limiter.isAllowed(id)
      limiter.isAllowed(id)
    }
    collect()
    // With the texts it would be 130 MB.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(8e6)
  })

  test('a closed limiter holds nothing, though it is held itself', async () => {
    const open = () => {
      const limiter = createLimiter({ clock: manualClock() })
      for (let i = 0; i < 50_000; i++) limiter.isAllowed(`user_${i}`)
      return limiter
    }
    const limiter = open()
    collect()
    const before = process.memoryUsage().external
    limiter.close()
    await vi.waitFor(() => {
      collect()
      expect(process.memoryUsage().external).toBeLessThan(before - 4e6)
    })
    expect(() => limiter.stats()).toThrow('The limiter is closed')
  })
})

/** Where WebAssembly memories end: at 5 MB, which is soon reached. */
const PAGES = 80

/** Runs a program in a process that has so little memory. */
function runWithLittleMemory(program: string): unknown {
  const dist = new URL('../../dist/index.js', import.meta.url).href
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [`--wasm-max-mem-pages=${PAGES}`, '--input-type=module', '-e', `import * as spillway from '${dist}'; ${program}`],
    { encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

describe('where memory ends', () => {
  test.each(['evict', 'deny', 'allow'])(
    "onFull '%s': peek and check agree, a denial has a wait, and tokens are tried",
    (onFull) => {
      const result = runWithLittleMemory(`
        const clock = spillway.manualClock()
        const limiter = spillway.createLimiter({ burst: { capacity: 2 }, clock, onFull: '${onFull}', sweepIntervalMs: 0 })
        clock.advance(10_000)
        const faults = []
        for (let i = 0; i < 33_000; i++) {
          const id = 'user_' + i
          for (let n = 0; n < 22; n++) {
            const told = limiter.peek(id)
            const decision = limiter.check(id)
            if (told.allowed !== decision.allowed) faults.push([i, n, 'peek differs', told, decision])
            if (told.fromBurst !== decision.fromBurst) faults.push([i, n, 'peek differs in tokens', told, decision])
            if (!decision.allowed && !(decision.retryAfterMs > 0)) faults.push([i, n, 'no wait', decision])
            if (!decision.allowed && decision.burstRemaining >= 1 && '${onFull}' === 'evict') faults.push([i, n, 'tokens', decision])
          }
          if (faults.length > 3) break
        }
        console.log(JSON.stringify({ faults, stats: limiter.stats() }))`)
      const { faults, stats } = result as { faults: unknown[]; stats: LimiterStats }
      expect(faults).toEqual([])
      // Memory did end.
      expect(stats.memoryBytes).toBeGreaterThan(0.99 * PAGES * 65_536)
      expect(stats.denied + stats.evicted).toBeGreaterThan(10_000)
    },
    60_000,
  )

  test('a denial for want of memory says so, and its wait is right', () => {
    const result = runWithLittleMemory(`
      const clock = spillway.manualClock()
      const limiter = spillway.createLimiter({ clock, burst: false, sweepIntervalMs: 0 })
      let i = 0
      while (limiter.check('user_' + i, 20).allowed) i++
      const id = 'user_' + i
      const atFirst = limiter.check(id, 17)
      for (let n = 0; n < 16; n++) { clock.advance(10); limiter.isAllowed(id) }
      const denied = limiter.check(id)
      clock.advance(denied.retryAfterMs - 1)
      const early = limiter.peek(id).allowed
      clock.advance(1)
      console.log(JSON.stringify({ atFirst, denied, early, after: limiter.check(id).allowed }))`)
    expect(result).toMatchObject({
      atFirst: { allowed: false, reason: 'full' },
      denied: { allowed: false, reason: 'full', remaining: 0 },
      early: false,
      after: true,
    })
  })

  test('of two users who need the last memory for one decision, neither takes anything', () => {
    const result = runWithLittleMemory(`
      const clock = spillway.manualClock()
      const limiter = spillway.createLimiter({ clock, burst: false, sweepIntervalMs: 0 })
      for (let i = 0; i < 33_000; i++) limiter.isAllowed('user_' + i, 10)
      // They take what blocks there are, until somebody gets none.
      let at = 0
      while (limiter.isAllowed('user_' + at, 10)) at++
      limiter.reset('user_0')
      const ids = ['user_' + at, 'user_' + (at + 1)]
      const { allowed, denied } = spillway.checkTogether(ids.map((userId) => ({ limiter, userId, cost: 10 })))
      const alone = limiter.isAllowed(ids[0], 10)
      console.log(JSON.stringify({ allowed, denied, alone, other: limiter.check(ids[1], 10).reason }))`)
    expect(result).toEqual({ allowed: false, denied: [0], alone: true, other: 'full' })
  })

  test('where users come and go in waves larger than memory, they are as many as it holds, and those at the limit stay', () => {
    const result = runWithLittleMemory(`
      const clock = spillway.manualClock()
      const limiter = spillway.createLimiter({ clock, burst: false })
      const counts = []
      let wrong = 0
      for (let wave = 0; wave < 6; wave++) {
        for (let i = 0; i < 100_000; i++) limiter.isAllowed(wave + '_' + i)
        clock.advance(1000)
        for (let i = 0; i < 100; i++) limiter.isAllowed('busy_' + i, 16)
        limiter.sweep()
        for (let i = 0; i < 100; i++) if (limiter.peek('busy_' + i).remaining !== 34) wrong++
        counts.push(limiter.stats().users)
      }
      console.log(JSON.stringify({ counts, wrong }))`)
    expect(result).toEqual({ counts: Array(6).fill(100), wrong: 0 })
  }, 60_000)

  test('a platform that has no memory for a limiter says so by the name of the option', () => {
    const error = runWithLittleMemory(`
      WebAssembly.Instance = class { constructor() { throw new RangeError('Out of memory') } }
      try { spillway.createLimiter() } catch (error) { console.log(JSON.stringify([error.name, error.message])) }`)
    expect(error).toEqual(['RangeError', expect.stringMatching(/^maxUsers: this platform has no memory for another/)])
  })
})

describe.each(builds)('on the $name build', ({ module }) => {
  test('where memory ends under a move, users go back, and nobody is forgotten', () => {
    const settings = { ...resolveOptions({ maxUsers: 1_000_000, limit: 50 }), spareBytes: 0 }
    const users = new Users(new Core(module, settings).start(0), settings)
    const decide = (id: string, now: number, cost = 1) => {
      const slot = users.slotOf(id)
      return users.core.abi.decide(slot, now, cost, 50) & 1
    }
    for (let i = 0; i < 200_000; i++) decide(`filler_${i}`, 0)
    for (let i = 0; i < 8000; i++) expectSame(decide(`kept_${i}`, 1000, 34), 1)
    const before = users.statistics()
    const first = users.core
    users.sweep(100_000, 1000)
    const second = users.core
    expect(second).not.toBe(first)
    for (let i = 0; i < 1000; i++) expectSame(decide(`kept_${i}`, 1001), 1)
    // From now on the fresh instance has no memory for anybody.
    second.abi.addUsers = () => NO_ROOM
    for (let i = 0; i < 8000; i++) expectSame(decide(`kept_${i}`, 1002), 1)
    expect(users.core).toBe(first)
    for (let round = 0; round < 100_000 && !users.sweep(100, 1003); round++);
    for (let i = 0; i < 8000; i++) {
      const left = 50 - 34 - 1 - (i < 1000 ? 1 : 0)
      expectSame(decide(`kept_${i}`, 1004, left + 1), 0)
      expectSame(decide(`kept_${i}`, 1004, left), 1)
    }
    const { users: left, evicted, allowed, denied, swept } = users.statistics()
    expect({ left, evicted, swept }).toEqual({ left: 8000, evicted: 0, swept: 200_000 })
    // Nothing that was counted on the way there and back is counted twice, or not at all.
    expect([allowed, denied]).toEqual([before.allowed + 1000 + 8000 + 8000, before.denied + 8000])
  })
})
