/** Snapshots: a limiter goes on from one, in another process say, as if it had been idle in between. */
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { LimiterOptions } from '../../src/index.js'
import { createLimiter, loadLimiter, manualClock } from '../../src/index.js'
import { Core } from '../../src/limiter/core.js'
import type { Quota } from '../../src/limiter/index.js'
import { optionsFor } from '../../src/limiter/index.js'
import { resolveOptions } from '../../src/limiter/options.js'
import { writeSnapshot } from '../../src/limiter/snapshot.js'
import { Users } from '../../src/limiter/users.js'
import { answer } from '../support/answers.js'
import { builds } from '../support/builds.js'
import { forge, OFFSETS, recordsOf, sealed } from '../support/snapshots.js'
import { traces } from '../support/traces.js'

const RUNS = process.env.CI ? 150 : 40

/** Some day, by the wall. */
const WALL = 1_800_000_000_000

/** More users than any trace has. */
const USERS = Array.from({ length: 5 }, (_, index) => `user_${index}`)

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

/** Sets the wall clock, which is the one that the time between two processes is told by. */
function setWall(time: number): void {
  vi.spyOn(Date, 'now').mockReturnValue(time)
}

const quotas: Quota[] = [
  { limit: 50, windowMs: 1000, capacity: 100, refillPerSecond: 1 },
  { limit: 1, windowMs: 1000, capacity: 0, refillPerSecond: 0 },
  { limit: 5, windowMs: 333.25, capacity: 2.5, refillPerSecond: 0.3 },
  { limit: 17, windowMs: 1, capacity: 1, refillPerSecond: 100 },
  { limit: 64, windowMs: 7500, capacity: 1000, refillPerSecond: 1 / 3 },
  { limit: 65, windowMs: 1000, capacity: 10, refillPerSecond: 1 },
  { limit: 1000, windowMs: 60_000, capacity: 100, refillPerSecond: 0.1 },
  { limit: 1_000_000, windowMs: 3_600_000, capacity: 1000, refillPerSecond: 10 },
]

describe.each(builds)('on the $name build', ({ name, module }) => {
  test.each(quotas.map((quota) => [quota.limit, quota.windowMs, quota] as const))(
    'every later answer is that of the limiter it was taken of: %i in %f ms',
    async (_limit, _windowMs, quota) => {
      const program = traces(quota, { whole: false, verbs: true })
      await fc.assert(
        fc.asyncProperty(program, program, fc.nat(100_000), fc.nat(400), async (before, after, awayMs, many) => {
          const clock = manualClock()
          const options = { ...optionsFor(quota), maxUsers: 1000, sweepIntervalMs: 0, clock, module }
          using original = await loadLimiter(options)
          // Some more users than a page has, so that there are splits, and a part for the next read of the scratch area.
          for (let i = 0; i < many; i++) original.isAllowed(`other_${i}`)
          for (const step of before) {
            if (step.kind === 'wait') clock.advance(Math.abs(step.ms))
            else if (step.kind === 'sweep') original.sweep()
            else answer(step, original)
          }
          setWall(WALL)
          const snapshot = original.snapshot()
          setWall(WALL + awayMs)
          clock.advance(awayMs)
          using restored = await loadLimiter({ ...options, snapshot })
          const { users, swept, ...rest } = restored.stats()
          expect(users + swept).toBe(original.stats().users)
          expect(rest).toMatchObject({ allowed: 0, denied: 0, burstSpent: 0, evicted: 0, forcedGrowths: 0 })
          for (const user of USERS) expect(restored.peek(user)).toEqual(original.peek(user))
          for (const step of after) {
            if (step.kind === 'wait') clock.advance(Math.abs(step.ms))
            else if (step.kind === 'sweep') {
              original.sweep()
              restored.sweep()
            } else expect(answer(step, restored)).toEqual(answer(step, original))
          }
          for (const user of USERS) expect(restored.peek(user)).toEqual(original.peek(user))
        }),
        { numRuns: name === 'debug' ? RUNS / 2 : RUNS },
      )
    },
  )

  test('a snapshot taken at the very moment of a block, on a clock of fractions', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1, 7, 1000),
        fc.constantFrom(1, 1e3, 1e9),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (windowMs, size, part) => {
          const time = Math.max(1e-9, part) * size
          const clock = manualClock()
          const options = { limit: 20, windowMs, sweepIntervalMs: 0, clock, module }
          setWall(WALL)
          using original = createLimiter(options)
          clock.set(Math.max(0, time - windowMs))
          original.isAllowed('a', 3)
          clock.set(time)
          original.isAllowed('a', 2)
          original.block('a', 1)
          using restored = createLimiter({ ...options, snapshot: original.snapshot() })
          expect(restored.peek('a')).toEqual(original.peek('a'))
          expect(restored.peek('a').reason).toBe('blocked')
        },
      ),
    )
  })

  test('users who are in two instances, since memory is being given back, are all in it', async () => {
    const settings = { ...resolveOptions({ limit: 50, burst: { capacity: 10 }, maxUsers: 10_000 }), spareBytes: 0 }
    const store = new Users(new Core(module, settings).start(0), settings)
    const decide = (id: string, now: number, cost: number) => store.core.abi.decide(store.slotOf(id), now, cost, 50)
    for (let i = 0; i < 3000; i++) decide(`filler_${i}`, 0, 1)
    for (let i = 0; i < 60; i++) decide(`user_${i}`, 20_000, 1 + (i % 50))
    const first = store.core
    store.sweep(10_000, 20_000)
    store.sweep(1, 20_000)
    expect(store.core).not.toBe(first)
    expect(store.cores.map((core) => core.abi.userCount() > 0)).toEqual([true, true])

    setWall(WALL)
    const snapshot = writeSnapshot(store.cores, settings.quota, 20_000)
    expect(recordsOf(snapshot)).toHaveLength(60)
    const options = { limit: 50, burst: { capacity: 10 }, clock: manualClock(20_000), sweepIntervalMs: 0, module }
    using restored = await loadLimiter({ ...options, snapshot })
    expect(restored.stats()).toMatchObject({ users: 60, swept: 0 })
    for (let i = 0; i < 60; i++) expect(restored.peek(`user_${i}`).remaining).toBe(49 - (i % 50))
  })

  test('the checksum is SipHash-1-3 of all bytes before it, under the key', () => {
    const limiter = createLimiter({ clock: manualClock(), sweepIntervalMs: 0, module })
    for (const users of [0, 1, 32, 33, 34, 35, 36, 100]) {
      for (let i = 0; i < users; i++) limiter.isAllowed(`user_${i}`)
      const snapshot = limiter.snapshot()
      expect(sealed(snapshot)).toEqual(snapshot)
      expect(recordsOf(snapshot)).toHaveLength(users)
    }
  })
})

const clock = manualClock()
const options: LimiterOptions = { limit: 5, windowMs: 60_000, burst: { capacity: 10 }, clock, sweepIntervalMs: 0 }

/** A limiter of which something is known, and a snapshot of it. */
function sample(): Uint8Array {
  setWall(WALL)
  using limiter = createLimiter(options)
  limiter.isAllowed('a', 5)
  limiter.isAllowed('b', 2)
  limiter.block('c', 30_000)
  return limiter.snapshot()
}

describe('what it goes on with', () => {
  test('a limiter that was never asked', async () => {
    setWall(WALL)
    using unused = createLimiter({ clock })
    const snapshot = unused.snapshot()
    expect(snapshot).toHaveLength(96)
    setWall(WALL + 7000)
    using restored = await loadLimiter({ clock, snapshot })
    expect(restored.stats()).toMatchObject({ users: 0 })
    // A user never seen has been idle all the time.
    expect(restored.getBurstAllowance('a')).toBe(7)
  })

  test('the time between counts as idle, by the wall clock', () => {
    const snapshot = sample()
    setWall(WALL + 20_000)
    using restored = createLimiter({ ...options, snapshot })
    expect(restored.peek('a')).toMatchObject({ allowed: true, burstRemaining: 10, resetMs: 40_000 })
    expect(restored.peek('c')).toMatchObject({ reason: 'blocked', retryAfterMs: 10_000 })
    setWall(WALL + 30_000)
    using later = createLimiter({ ...options, snapshot })
    expect(later.isAllowed('c')).toBe(true)
  })

  test('a wall clock that went back counts as no time', () => {
    const snapshot = sample()
    setWall(WALL - 1e9)
    using restored = createLimiter({ ...options, snapshot })
    expect(restored.peek('a')).toMatchObject({ allowed: false, resetMs: 60_000 })
    expect(restored.peek('c')).toMatchObject({ reason: 'blocked', retryAfterMs: 30_000 })
  })

  test('a clock that had stepped back, and one of another origin', () => {
    setWall(WALL)
    const old = manualClock(500)
    using limiter = createLimiter({ ...options, clock: old })
    old.advance(10_000)
    limiter.isAllowed('a', 5)
    old.advance(-3000)
    const fresh = manualClock(-1e7)
    using restored = createLimiter({ ...options, clock: fresh, snapshot: limiter.snapshot() })
    expect(restored.peek('a').resetMs).toBe(60_000)
    fresh.advance(59_999)
    expect(restored.peek('a').remaining).toBe(0)
    fresh.advance(1)
    expect(restored.peek('a').remaining).toBe(5)
  })

  test('the same ids are found, be they short, long or wide, and no others', () => {
    setWall(WALL)
    const ids = ['', 'a', 'ж', 'x'.repeat(5000), 'ÿ', '\ud800', ...Array.from({ length: 500 }, (_, i) => `id_${i}`)]
    using limiter = createLimiter(options)
    for (const id of ids) expect(limiter.isAllowed(id, 5)).toBe(true)
    using restored = createLimiter({ ...options, snapshot: limiter.snapshot() })
    for (const id of ids) expect(restored.peek(id).remaining).toBe(0)
    for (let i = 0; i < 5000; i++) expect(restored.peek(`stranger_${i}`).remaining).toBe(5)
  })

  test('users who have gone stale meanwhile are gone, at once or with the next sweep', () => {
    setWall(WALL)
    using limiter = createLimiter(options)
    for (let i = 0; i < 5000; i++) limiter.isAllowed(`user_${i}`)
    limiter.block('blocked', Infinity)
    const snapshot = limiter.snapshot()
    setWall(WALL + 1e6)
    using restored = createLimiter({ ...options, snapshot })
    const { users, swept } = restored.stats()
    expect(users + swept).toBe(5001)
    restored.sweep()
    expect(restored.stats()).toMatchObject({ users: 1, swept: 5000 })
    expect(restored.peek('blocked').reason).toBe('blocked')
  })

  test('its own snapshot is one of the same users', () => {
    const snapshot = sample()
    using restored = createLimiter({ ...options, snapshot })
    const sorted = (bytes: Uint8Array) => recordsOf(bytes).sort((a, b) => (a.handle < b.handle ? -1 : 1))
    expect(sorted(restored.snapshot())).toEqual(sorted(snapshot))
    expect(restored.snapshot().subarray(0, 88)).toEqual(snapshot.subarray(0, 88))
  })

  test('its users are swept in time, though nobody asks', () => {
    vi.useFakeTimers({ now: WALL })
    const { clock: _, sweepIntervalMs: __, ...rest } = options
    const limiter = createLimiter(rest)
    for (let i = 0; i < 1000; i++) limiter.isAllowed(`user_${i}`)
    const snapshot = limiter.snapshot()
    limiter.close()
    vi.clearAllTimers()
    using restored = createLimiter({ ...rest, snapshot })
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(50_000)
    expect(restored.stats().users).toBe(1000)
    vi.advanceTimersByTime(30_000)
    expect(restored.stats()).toMatchObject({ users: 0, swept: 1000 })
    // And with nobody, no timer.
    expect(vi.getTimerCount()).toBe(0)
    const empty = createLimiter({ ...rest, snapshot: restored.snapshot() })
    expect(vi.getTimerCount()).toBe(0)
    empty.close()
  })
})

describe('the bytes', () => {
  test('may be a Buffer, or lie anywhere in a larger buffer', () => {
    const snapshot = sample()
    for (const offset of [0, 1, 3, 8, 13]) {
      const larger = new Uint8Array(snapshot.length + 32).fill(0xa5)
      larger.set(snapshot, offset)
      const part = larger.subarray(offset, offset + snapshot.length)
      for (const bytes of [part, Buffer.from(larger.buffer, offset, snapshot.length)]) {
        using restored = createLimiter({ ...options, snapshot: bytes })
        expect(restored.peek('a').remaining).toBe(0)
      }
    }
    const shared = new Uint8Array(new SharedArrayBuffer(snapshot.length))
    shared.set(snapshot)
    using restored = createLimiter({ ...options, snapshot: shared })
    expect(restored.peek('a').remaining).toBe(0)
  })

  test('are neither kept nor changed', () => {
    const snapshot = sample()
    const copy = Uint8Array.from(snapshot)
    using restored = createLimiter({ ...options, snapshot })
    restored.isAllowed('b')
    restored.reset('c')
    expect(snapshot).toEqual(copy)
    snapshot.fill(0)
    expect(restored.peek('a').remaining).toBe(0)
    // A block less, and an admission more.
    expect(restored.snapshot()).toHaveLength(copy.length - 34 + 2)
  })

  test('that it gave are not its own: the limiter goes on without changing them', () => {
    setWall(WALL)
    using limiter = createLimiter(options)
    limiter.isAllowed('a')
    const snapshot = limiter.snapshot()
    expect(snapshot.byteOffset).toBe(0)
    expect(snapshot.buffer.byteLength).toBe(snapshot.length)
    const copy = Uint8Array.from(snapshot)
    for (let i = 0; i < 100; i++) limiter.isAllowed(`user_${i}`)
    limiter.snapshot()
    expect(snapshot).toEqual(copy)
  })
})

describe('what is refused', () => {
  test.each<[string, Partial<LimiterOptions>, RegExp]>([
    ['limit', { limit: 6 }, /^snapshot: .*\blimit 5;.*\b6$/],
    ['windowMs', { windowMs: 60_001 }, /^snapshot: .*\bwindowMs 60000;.*\b60001$/],
    ['burst.capacity', { burst: { capacity: 11 } }, /^snapshot: .*\bcapacity 10;.*\b11$/],
    ['no burst', { burst: false }, /^snapshot: .*\bcapacity 10;.*\b0$/],
    [
      'burst.refillPerSecond',
      { burst: { capacity: 10, refillPerSecond: 2 } },
      /^snapshot: .*\brefillPerSecond 1;.*\b2$/,
    ],
  ])('another %s, by name', (_, other, message) => {
    const snapshot = sample()
    expect(() => createLimiter({ ...options, ...other, snapshot })).toThrow(message)
  })

  test('another version, by number', () => {
    const snapshot = sample()
    for (const version of [0, 2, 1.5, Number.NaN]) {
      const other = forge(snapshot, { version }, recordsOf(snapshot))
      expect(() => createLimiter({ ...options, snapshot: other })).toThrow(`of version ${version}`)
    }
  })

  test('more users than maxUsers, by their number; as many are kept', () => {
    const snapshot = sample()
    expect(() => createLimiter({ ...options, maxUsers: 2, snapshot })).toThrow(RangeError)
    expect(() => createLimiter({ ...options, maxUsers: 2, snapshot })).toThrow(/3 users.*maxUsers is 2/)
    using restored = createLimiter({ ...options, maxUsers: 3, snapshot })
    expect(restored.stats().users).toBe(3)
  })

  test.each([[null], [1], ['text'], [[1, 2]], [new ArrayBuffer(96)], [new Uint16Array(48)], [{ length: 96 }]])(
    'what is no Uint8Array: %s',
    async (value) => {
      const wrong = { ...options, snapshot: value as never }
      expect(() => createLimiter(wrong)).toThrow(TypeError)
      await expect(loadLimiter(wrong)).rejects.toThrow(/^snapshot must be a Uint8Array, not /)
    },
  )

  test('what is no snapshot, or is cut', () => {
    const snapshot = sample()
    for (const bytes of [new Uint8Array(), new Uint8Array(500), Buffer.from('{"limit":5}'.repeat(20))]) {
      expect(() => createLimiter({ ...options, snapshot: bytes })).toThrow(/^snapshot: /)
    }
    expect(() => createLimiter({ ...options, snapshot: snapshot.subarray(0, -1) })).toThrow(/^snapshot: /)
    expect(() => createLimiter({ ...options, snapshot: Buffer.concat([snapshot, Buffer.alloc(1)]) })).toThrow(
      'snapshot: it is damaged',
    )
  })

  test('an age that no clock can have reached, be it by the time between', () => {
    const snapshot = sample()
    for (const age of [-1, Number.NaN, Infinity, 2 ** 43]) {
      expect(() => createLimiter({ ...options, snapshot: forge(snapshot, { age }, []) })).toThrow('damaged')
    }
    setWall(WALL + 2 ** 43)
    expect(() => createLimiter({ ...options, snapshot })).toThrow('damaged')
  })

  test('asking a closed limiter for one', () => {
    const limiter = createLimiter(options)
    limiter.close()
    expect(() => limiter.snapshot()).toThrow('The limiter is closed')
  })

  test('the header says where what is', () => {
    const snapshot = sample()
    const view = new DataView(snapshot.buffer)
    expect(String.fromCharCode(...snapshot.subarray(0, 8))).toBe('SPILLWAY')
    const numbers = Object.fromEntries(Object.entries(OFFSETS).map(([name, at]) => [name, view.getFloat64(at, true)]))
    expect(numbers).toEqual({
      magic: expect.any(Number),
      version: 1,
      users: 3,
      limit: 5,
      windowMs: 60_000,
      capacity: 10,
      refillPerSecond: 1,
      age: 0,
      wallTime: WALL,
    })
  })
})
