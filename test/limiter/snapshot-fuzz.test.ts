/**
 * Bytes that are no snapshot, or one that was tampered with: always a clear error, or a limiter that works. Damage is found by
 * the checksum; who can forge that can make up users, but can make no limiter trap, hang or mistake one user for another.
 */
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Limiter, LimiterOptions, ManualClock } from '../../src/index.js'
import { createLimiter, manualClock } from '../../src/index.js'
import { builds } from '../support/builds.js'
import { expectSame } from '../support/same.js'
import type { UserRecord } from '../support/snapshots.js'
import { forge, recordsOf, sealed } from '../support/snapshots.js'

vi.setConfig({ testTimeout: 60_000 })

const RUNS = process.env.CI ? 300 : 100
const WALL = 1_800_000_000_000
const IDS = ['alice', 'bob', 'carol', 'dave']

afterEach(() => {
  vi.restoreAllMocks()
})

const configurations: LimiterOptions[] = [
  { limit: 50, windowMs: 1000, burst: { capacity: 100, refillPerSecond: 1 } },
  { limit: 1, windowMs: 1, burst: false },
  { limit: 64, windowMs: 60_000, burst: { capacity: 2.5, refillPerSecond: 0 } },
  { limit: 1000, windowMs: 1000, burst: { capacity: 10, refillPerSecond: 0.1 } },
  { limit: 1_000_000_000, windowMs: Number.MAX_SAFE_INTEGER, burst: false },
]

describe.each(builds)('on the $name build', ({ name, module }) => {
  const runs = name === 'debug' ? RUNS / 2 : RUNS

  function prepare(configuration: LimiterOptions) {
    vi.spyOn(Date, 'now').mockReturnValue(WALL)
    const clock = manualClock(1e6)
    const options = { ...configuration, maxUsers: 500, clock, sweepIntervalMs: 0, module }
    using limiter = createLimiter(options)
    clock.advance(12_345)
    limiter.charge('alice', Math.min(40, options.limit!))
    limiter.isAllowed('bob')
    limiter.block('carol', 5000)
    for (let i = 0; i < 30; i++) {
      clock.advance(Math.min(options.windowMs! / 100, 1000))
      limiter.charge('dave', i)
    }
    limiter.block('dave', 1e6)
    return { options, clock, snapshot: limiter.snapshot() }
  }

  /** Loads the bytes; what comes of it must be an error that says why, or a limiter that works. */
  function tryOut(bytes: Uint8Array, options: LimiterOptions & { clock: ManualClock }, newcomers = 600): boolean {
    let limiter: Limiter
    try {
      limiter = createLimiter({ ...options, snapshot: bytes })
    } catch (error) {
      expect(error).not.toBeInstanceOf(WebAssembly.RuntimeError)
      expect((error as Error).message).toMatch(/^(snapshot|maxUsers): /)
      return false
    }
    try {
      hammer(limiter, options.clock, options.limit!, options.windowMs!, newcomers)
    } catch (error) {
      // As old as a limiter may be.
      if (!(error as Error).message.startsWith('clock must give')) throw error
    }
    limiter.close()
    return true
  }

  test('cut anywhere, with one bit wrong, with bytes too many', () => {
    const { options, snapshot } = prepare(configurations[0]!)
    for (let length = 0; length < snapshot.length; length++) {
      expect(() => createLimiter({ ...options, snapshot: snapshot.subarray(0, length) })).toThrow(/^snapshot: /)
    }
    for (let bit = 0; bit < snapshot.length * 8; bit++) {
      const wrong = Uint8Array.from(snapshot)
      wrong[bit >> 3]! ^= 1 << (bit & 7)
      expect(() => createLimiter({ ...options, snapshot: wrong })).toThrow(/^snapshot: /)
    }
    expect(() => createLimiter({ ...options, snapshot: Buffer.concat([snapshot, snapshot]) })).toThrow(/^snapshot: /)
  })

  test('random bytes, with and without a beginning that is right', () => {
    const { options, snapshot } = prepare(configurations[0]!)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.nat(100), fc.boolean(), (random, kept, checksum) => {
        const bytes = Buffer.concat([snapshot.subarray(0, kept), random])
        tryOut(checksum && bytes.length >= 96 ? sealed(bytes) : bytes, options)
      }),
      { numRuns: runs },
    )
  })

  test.each(configurations.map((configuration) => [configuration.limit, configuration] as const))(
    'tampered with, and the checksum right: a limit of %i',
    (_, configuration) => {
      let loaded = 0
      const { options, snapshot } = prepare(configuration)
      const records = recordsOf(snapshot)
      const change = changes(records, options.limit!, options.windowMs!)
      fc.assert(
        fc.property(fc.array(change, { maxLength: 8 }), headers, (changed, numbers) => {
          const clock = manualClock(1e6)
          const kept = records.filter(() => changed.length % 3 !== 0)
          if (tryOut(forge(snapshot, numbers, [...kept, ...changed]), { ...options, clock })) loaded++
        }),
        { numRuns: runs * 2 },
      )
      // Else it would show nothing.
      expect(loaded).toBeGreaterThan(0)
    },
  )

  test('tampered with in single bits of a record, and the checksum right', () => {
    const prepared = configurations.map((configuration) => prepare(configuration))
    fc.assert(
      fc.property(fc.constantFrom(...prepared), fc.nat(IDS.length - 1), fc.nat(), ({ options, snapshot }, at, bit) => {
        const wrong = forge(snapshot, {}, [recordsOf(snapshot)[at]!])
        const where = 88 * 8 + (bit % ((wrong.length - 96) * 8))
        wrong[where >> 3]! ^= 1 << (where & 7)
        tryOut(sealed(wrong), { ...options, clock: manualClock(1e6) }, 0)
      }),
      { numRuns: runs * 2 },
    )
  })

  test('ids that the forger chose to lie in one page, or to be one', () => {
    const { options, snapshot } = prepare(configurations[0]!)
    const record: UserRecord = { handle: 1n, last: 0, tokens: 0, form: 0, cells: [] }
    for (const shift of [0n, 1n, 20n, 27n, 32n, 58n]) {
      const crowd = Array.from({ length: 200 }, (_, i) => ({
        ...record,
        handle: (BigInt(i + 1) << shift) & (2n ** 64n - 1n),
      }))
      tryOut(
        forge(
          snapshot,
          {},
          crowd.filter(({ handle }) => handle !== 0n),
        ),
        options,
      )
      tryOut(forge(snapshot, {}, crowd), { ...options, maxUsers: 200 })
    }
    tryOut(
      forge(
        snapshot,
        {},
        Array.from({ length: 60 }, () => record),
      ),
      options,
    )
    tryOut(
      forge(
        snapshot,
        {},
        Array.from({ length: 200 }, () => record),
      ),
      options,
    )
    // More users than the header says, and than there may be.
    const many = Array.from({ length: 900 }, (_, i) => ({
      ...record,
      handle: (BigInt(i + 1) * 0x9e3779b97f4a7c15n) & (2n ** 64n - 1n),
    }))
    for (const users of [0, 1, 500, 899, 901]) tryOut(forge(snapshot, { users }, many), options)
  })

  test('a user is found under its own id only, however records are mixed', () => {
    const { options, snapshot } = prepare(configurations[0]!)
    const records = recordsOf(snapshot)
    const handles = new Map(records.map((record) => [record.handle, record]))
    expect(handles.size).toBe(IDS.length)
    fc.assert(
      fc.property(fc.shuffledSubarray(records), (kept) => {
        const bytes = forge(snapshot, {}, kept)
        using limiter = createLimiter({ ...options, snapshot: bytes })
        expect(limiter.stats().users).toBe(kept.length)
        const blocked = IDS.filter((id) => limiter.peek(id).reason === 'blocked')
        expect(blocked).toHaveLength(kept.filter(({ form }) => form & 1).length)
        for (let i = 0; i < 50; i++)
          expect(limiter.peek(`stranger_${i}`)).toMatchObject({ allowed: true, remaining: 50 })
      }),
    )
  })
})

const edges = [
  ...[0, -0, 1, -1, 0.5, 5e-324, 2 ** 31, 2 ** 32, 2 ** 42, 2 ** 43, 2 ** 44, 2 ** 53, 2 ** 63, 2 ** 100, 1e300],
  ...[12_345, 12_344.999, 13_000, Infinity, -Infinity, Number.NaN, Number.MAX_VALUE],
]
const number = fc.oneof(fc.constantFrom(...edges), fc.double(), fc.double({ min: 0, max: 1e5 }))

/** Numbers of a header, most of which are as they should be. */
const headers = fc.record(
  {
    age: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(20_000, 50_000, 1e6, 2 ** 41) }, number),
    wallTime: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(WALL, WALL - 1000, WALL + 1e9) }, number),
    users: fc.nat(600),
  },
  { requiredKeys: [] },
)

/** Records of any kind, among them some that are close to those there are. */
function changes(records: readonly UserRecord[], limit: number, windowMs: number): fc.Arbitrary<UserRecord> {
  const entry = fc.oneof(fc.nat(65_535), fc.constantFrom(0, 1, 29_999, 30_000, 65_535))
  const count = fc.oneof(fc.constantFrom(0, 1, 2, 16, 17, limit - 1, limit, limit + 1, 2 ** 31, 2 ** 32 - 1), fc.nat(5))
  const cell = fc.tuple(
    entry,
    count.map((value) => Math.max(0, value)),
  )
  // In order, as they should be: else none would be loaded.
  const ordered = fc
    .tuple(fc.nat(65_535), fc.array(fc.tuple(fc.nat(700), count), { maxLength: 80 }))
    .map(([first, steps]): [number, number][] => {
      let at = first
      return steps.map(([step, of]) => {
        at = (at + step) & 0xffff
        return [at, Math.max(0, of)]
      })
    })
  const any = fc.record({
    handle: fc.oneof(
      fc.bigInt(0n, 2n ** 64n - 1n),
      fc.constantFrom(0n, 1n, 2n ** 64n - 1n, ...records.map((r) => r.handle)),
    ),
    last: number,
    tokens: number,
    form: fc.oneof(fc.nat(3), fc.nat(255)),
    end: number,
    cells: fc.oneof(fc.array(cell, { maxLength: 255 }), ordered),
  })
  const close = fc
    .tuple(
      fc.constantFrom(...records),
      any,
      fc.constantFrom('last', 'tokens', 'form', 'end', 'cells', 'handle'),
      fc.nat(30_000),
    )
    .map(([record, other, part, shift]): UserRecord => {
      const mixed = { ...record, [part]: other[part as keyof UserRecord] }
      if (part !== 'cells') return mixed
      // At the end of the window of the user's last request, or nearly.
      const cells = other.cells.map(([at, of]): [number, number] => [(at - shift) & 0xffff, of])
      return { ...mixed, cells }
    })
  // Full windows, at any age, and blocks with them: every cell there can be.
  const full = fc
    .record({
      handle: fc.bigInt(1n, 2n ** 64n - 1n),
      locked: fc.boolean(),
      counted: fc.boolean(),
      cells: fc.oneof(fc.nat(Math.min(limit, 64)), fc.nat(90)),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
      last: fc.double({ min: 0, max: 12_345, noNaN: true }),
      tokens: fc.constantFrom(0, 1, 1000, Infinity),
      end: fc.constantFrom(20_000, 20_001, 1e6, Infinity),
    })
    .map(({ handle, locked, counted, cells, part, last, tokens, end }): UserRecord => {
      const tick = Math.floor((last * 30_000) / windowMs)
      const step = Math.floor((part * 29_999) / cells)
      const form = (locked ? 1 : 0) | (counted ? 2 : 0)
      const entries = Array.from({ length: cells }, (_, i): [number, number] => {
        return [Number(BigInt.asUintN(16, BigInt(tick - (cells - 1 - i) * step))), 1]
      })
      return { handle, last, tokens, form, end, cells: entries }
    })
  return fc.oneof({ weight: 1, arbitrary: any }, { weight: 2, arbitrary: close }, { weight: 8, arbitrary: full })
}

/** Asks for everything there is, of users in the snapshot and others, while time goes on. */
function hammer(limiter: Limiter, clock: ManualClock, limit: number, windowMs: number, newcomers: number): void {
  const ids = [...IDS, 'eve', 'frank']
  for (const step of [0, windowMs / 3, 0.001, windowMs / 2, 1, windowMs, 3 * windowMs, 1e6, 0]) {
    // A window of centuries is more than a clock may move.
    clock.advance(Math.min(step, 1e9))
    for (const id of ids) {
      for (const cost of [1, Math.min(20, limit), limit]) {
        sane(limiter.peek(id, cost), limit)
        sane(limiter.check(id, cost), limit)
      }
      limiter.charge(id, 3)
      limiter.refund(id, 2, 1)
      sane(limiter.peek(id), limit)
      expectSame(limiter.getBurstAllowance(id) >= 0, true, 'tokens are never below none')
    }
    limiter.block('bob', 1)
    limiter.unblock('dave')
    limiter.block('eve', Infinity)
    limiter.refund('eve', limit)
    // Whoever is in the snapshot under a handle of no id is looked at by these.
    limiter.sweep()
    const again = limiter.snapshot()
    expect(recordsOf(again)).toHaveLength(limiter.stats().users)
  }
  for (let i = 0; i < newcomers; i++) limiter.isAllowed(`new_${i}`)
  limiter.sweep()
  // Who forges a checksum may write a user down twice, who then has as many lives.
  for (let lives = 0; lives < 10; lives++) limiter.reset('alice')
  expect(limiter.peek('alice')).toMatchObject({ allowed: true, remaining: limit })
  limiter.clear()
  expect(limiter.peek('bob')).toMatchObject({ allowed: true, remaining: limit, reason: undefined })
}

function sane(
  { allowed, remaining, burstRemaining, retryAfterMs, resetMs }: ReturnType<Limiter['peek']>,
  limit: number,
): void {
  const problems = [
    remaining >= 0 && remaining <= limit ? '' : `remaining ${remaining}`,
    burstRemaining >= 0 ? '' : `burstRemaining ${burstRemaining}`,
    retryAfterMs >= 0 && (retryAfterMs === 0) === allowed ? '' : `retryAfterMs ${retryAfterMs}`,
    resetMs >= 0 ? '' : `resetMs ${resetMs}`,
  ]
  expectSame(problems.join(''), '')
}
