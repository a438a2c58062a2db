/** The timer: it sweeps by itself, keeps no process alive and no limiter uncollected. */
import { spawnSync } from 'node:child_process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { loadLimiter, manualClock } from '../../src/index.js'

/** Without tokens, a user is stale as soon as the window is empty. */
const QUOTA = { limit: 50, windowMs: 1000, burst: false } as const

describe('with fake timers', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('stale users go within one interval and a slice, and memory is used again', async () => {
    const clock = manualClock()
    using limiter = await loadLimiter({ ...QUOTA, clock, sweepIntervalMs: 1000 })
    for (let i = 0; i < 10_000; i++) limiter.isAllowed(`user_${i}`)
    const { memoryBytes } = limiter.stats()
    clock.advance(1000)
    vi.advanceTimersByTime(999)
    expect(limiter.stats().users).toBe(10_000)
    vi.advanceTimersByTime(1 + 2000)
    expect(limiter.stats()).toMatchObject({ users: 0, swept: 10_000 })
    // What is left: a page of the table, the directory, and the slots of the memo.
    expect(limiter.stats().memoryBytes).toBeLessThan(memoryBytes / 2)
  })

  test('a pass over a large table is spread over many slices', async () => {
    const clock = manualClock()
    using limiter = await loadLimiter({ ...QUOTA, clock, sweepIntervalMs: 1000 })
    for (let i = 0; i < 200_000; i++) limiter.isAllowed(`user_${i}`)
    clock.advance(1000)
    vi.advanceTimersByTime(1000)
    const { users } = limiter.stats()
    expect(users).toBeGreaterThan(0)
    expect(users).toBeLessThan(200_000)
  })

  test('a pass that empties the table takes about one interval, though pages merge under it', async () => {
    const clock = manualClock()
    using limiter = await loadLimiter({ ...QUOTA, clock, sweepIntervalMs: 1000 })
    for (let i = 0; i < 200_000; i++) limiter.isAllowed(`user_${i}`)
    clock.advance(1000)
    // The wait for the pass, the pass itself, and as much again for slices that are cut short on a busy machine.
    vi.advanceTimersByTime(1000 + 2 * 1000)
    expect(limiter.stats().users).toBe(0)
  })

  test('users who are left after a spike are moved within an interval, and sweeping goes on', async () => {
    const clock = manualClock()
    using limiter = await loadLimiter({ ...QUOTA, clock, sweepIntervalMs: 1000 })
    for (let i = 0; i < 300_000; i++) limiter.isAllowed(`spike_${i}`)
    clock.advance(1000)
    for (let i = 0; i < 20_000; i++) limiter.isAllowed(`stays_${i}`, 2)
    const { memoryBytes } = limiter.stats()
    vi.advanceTimersByTime(10_000)
    expect(limiter.stats().users).toBe(20_000)
    expect(limiter.stats().memoryBytes).toBeLessThan(memoryBytes / 4)
    for (let i = 0; i < 20_000; i += 100) expect(limiter.peek(`stays_${i}`).remaining).toBe(48)
    clock.advance(1000)
    vi.advanceTimersByTime(10_000)
    expect(limiter.stats().users).toBe(0)
  })

  test('no timer runs while there is nobody to sweep', async () => {
    const clock = manualClock()
    const limiter = await loadLimiter({ ...QUOTA, clock, sweepIntervalMs: 1000 })
    expect(vi.getTimerCount()).toBe(0)
    limiter.peek('a')
    limiter.getBurstAllowance('a')
    expect(vi.getTimerCount()).toBe(0)
    limiter.isAllowed('a')
    expect(vi.getTimerCount()).toBe(1)
    clock.advance(1000)
    vi.advanceTimersByTime(1000)
    expect(limiter.stats()).toMatchObject({ users: 0, swept: 1 })
    expect(vi.getTimerCount()).toBe(0)
    limiter.isAllowed('b')
    expect(vi.getTimerCount()).toBe(1)
    limiter.close()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('after a pass the timer rests until somebody can be stale, and a newcomer wakes it', async () => {
    const clock = manualClock()
    using limiter = await loadLimiter({ clock, sweepIntervalMs: 1000, limit: 5, windowMs: 60_000, burst: false })
    const pass = (ms: number) => {
      clock.advance(ms)
      vi.advanceTimersByTime(ms)
    }
    limiter.isAllowed('a')
    pass(1000)
    // The pass was at 1,000 ms; the next is when the window of `a` is empty.
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(58_000)
    clock.advance(60_000)
    expect(limiter.stats().users).toBe(1)
    vi.advanceTimersByTime(1001)
    expect(limiter.stats().users).toBe(0)

    limiter.isAllowed('b')
    pass(1000)
    limiter.isAllowed('c')
    limiter.reset('b')
    limiter.reset('c')
    limiter.isAllowed('d', 1)
    pass(1000)
    expect(limiter.stats().users).toBe(1)
    pass(61_000)
    expect(limiter.stats().users).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('a clock that closes the limiter within a sweep leaves no timer', async () => {
    let closing = false
    const limiter = await loadLimiter({
      sweepIntervalMs: 1000,
      clock: () => {
        if (closing) limiter.close()
        return 0
      },
    })
    limiter.isAllowed('a')
    closing = true
    vi.advanceTimersByTime(1000)
    expect(vi.getTimerCount()).toBe(0)
    expect(() => limiter.stats()).toThrow('The limiter is closed')
  })

  test('where no timer can be set decisions go on, and the timer is set when it can be', async () => {
    const clock = manualClock()
    using limiter = await loadLimiter({ ...QUOTA, clock, sweepIntervalMs: 1000 })
    const refusal = vi.spyOn(globalThis, 'setTimeout').mockImplementation(() => {
      throw new Error('Disallowed operation called within global scope')
    })
    for (let i = 0; i < 5000; i++) expect(limiter.isAllowed(`user_${i}`)).toBe(true)
    refusal.mockRestore()
    expect(vi.getTimerCount()).toBe(0)
    limiter.isAllowed('another')
    expect(vi.getTimerCount()).toBeGreaterThan(0)
    clock.advance(1000)
    vi.advanceTimersByTime(3000)
    expect(limiter.stats().users).toBe(0)
  })

  test('sweepIntervalMs: 0 sets no timer', async () => {
    using limiter = await loadLimiter({ sweepIntervalMs: 0 })
    for (let i = 0; i < 20_000; i++) limiter.isAllowed(`user_${i}`)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('a clock that fails does not crash the process from the timer', async () => {
    let reading = 0
    using limiter = await loadLimiter({ ...QUOTA, clock: () => reading, sweepIntervalMs: 10 })
    limiter.isAllowed('a')
    reading = Number.NaN
    vi.advanceTimersByTime(100)
    reading = 2000
    vi.advanceTimersByTime(100)
    expect(limiter.stats().users).toBe(0)
  })
})

test('a limiter that is dropped without closing is collected', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  // In a function of its own, whose frame holds no reference when it has ended.
  const load = async () => new WeakRef(await loadLimiter({ sweepIntervalMs: 1, maxUsers: 1000 }))
  const held = await load()
  await vi.waitFor(() => {
    collect()
    expect(held.deref() === undefined).toBe(true)
  })
})

test('a process ends though a limiter is open', () => {
  const program = `
    import { loadLimiter } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)}
    const limiter = await loadLimiter({ sweepIntervalMs: 2147483647 })
    console.log(limiter.isAllowed('a'))`
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'true\n', stderr: '' })
})
