/** Several limits, one decision: `checkTogether`, beside the oracle, and what it does where something is wrong. */
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { decideTogether, Oracle } from '../../src/cli/stress/oracle.js'
import type { Limiter, TogetherRequest } from '../../src/index.js'
import { checkTogether, createLimiter, loadLimiter, manualClock } from '../../src/index.js'
import type { Quota } from '../../src/limiter/index.js'
import { maxCost, optionsFor } from '../../src/limiter/index.js'
import { builds } from '../support/builds.js'

const RUNS = process.env.CI ? 300 : 60

/** Whole ticks on whole milliseconds, so that every answer is the oracle's to the bit. */
const QUOTAS: Quota[] = [
  { limit: 5, windowMs: 1000, capacity: 3, refillPerSecond: 2 },
  { limit: 20, windowMs: 30_000, capacity: 0, refillPerSecond: 0 },
  { limit: 2, windowMs: 500, capacity: 10, refillPerSecond: 5 },
]

/** Readings at loading: the last two limiters share a clock. */
const ORIGINS = [0, 12_345]

type Step =
  | { kind: 'together'; parts: { which: number; user: string; cost: number; limit: number }[] }
  | { kind: 'alone'; which: number; user: string; cost: number }
  | { kind: 'block'; which: number; user: string; ms: number }
  | { kind: 'wait'; which: number; ms: number }
  | { kind: 'sweep'; which: number }

const user = fc.constantFrom('a', 'b', 'c')
const which = fc.nat(QUOTAS.length - 1)
const programs: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('together' as const),
        parts: fc.array(fc.record({ which, user, cost: fc.integer({ min: 1, max: 4 }), limit: fc.nat(20) }), {
          minLength: 1,
          maxLength: 5,
        }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('alone' as const), which, user, cost: fc.integer({ min: 1, max: 5 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('block' as const), which, user, ms: fc.integer({ min: 1, max: 2000 }) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('wait' as const),
        which: fc.nat(ORIGINS.length - 1),
        ms: fc.oneof(fc.nat(300), fc.nat(4000)),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('sweep' as const), which }) },
  ),
  { minLength: 10, maxLength: 80 },
)

describe.each(builds)('on the $name build', ({ module }) => {
  test('every decision is the oracle’s, over limiters whose clocks differ, and the same user in it twice', async () => {
    await fc.assert(
      fc.asyncProperty(programs, async (steps) => {
        const clocks = ORIGINS.map((origin) => manualClock(origin))
        const clockOf = (index: number) => Math.min(index, 1)
        const limiters = await Promise.all(
          QUOTAS.map((quota, index) =>
            loadLimiter({ ...optionsFor(quota), clock: clocks[clockOf(index)]!, sweepIntervalMs: 0, module }),
          ),
        )
        const oracles = QUOTAS.map((quota) => new Oracle(quota))
        const timeOf = (index: number) => clocks[clockOf(index)]!() - ORIGINS[clockOf(index)]!
        for (const step of steps) {
          if (step.kind === 'wait') clocks[step.which]!.advance(step.ms)
          else if (step.kind === 'sweep') limiters[step.which]!.sweep()
          else if (step.kind === 'block') {
            limiters[step.which]!.block(step.user, step.ms)
            oracles[step.which]!.block(step.user, timeOf(step.which), step.ms)
          } else if (step.kind === 'alone') {
            const { allowed } = oracles[step.which]!.decide(step.user, timeOf(step.which), step.cost)
            expect(limiters[step.which]!.isAllowed(step.user, Math.min(step.cost, maxCost(QUOTAS[step.which]!)))).toBe(
              allowed,
            )
          } else {
            decideBoth(step.parts, limiters, oracles, timeOf)
          }
        }
        for (const limiter of limiters) limiter.close()
      }),
      { numRuns: RUNS },
    )
  })
})

function decideBoth(
  asked: (Step & { kind: 'together' })['parts'],
  limiters: readonly Limiter[],
  oracles: readonly Oracle[],
  timeOf: (index: number) => number,
): void {
  const requests = asked.map(({ which, user, cost, limit }) => ({
    limiter: limiters[which]!,
    userId: user,
    cost,
    limit: Math.min(limit, QUOTAS[which]!.limit),
  }))
  // The same user of the same limiter: the costs add up, and the lower limit counts.
  const merged = new Map<string, { which: number; id: string; cost: number; limit: number }>()
  asked.forEach(({ which, user, cost }, index) => {
    const { limit } = requests[index]!
    const part = merged.get(`${which} ${user}`)
    merged.set(`${which} ${user}`, {
      which,
      id: user,
      cost: cost + (part?.cost ?? 0),
      limit: Math.min(limit, part?.limit ?? limit),
    })
  })
  const parts = [...merged.values()].map((part) => ({
    ...part,
    oracle: oracles[part.which]!,
    time: timeOf(part.which),
  }))
  const admits = decideTogether(parts)
  const { allowed, decisions, denied, retryAfterMs } = checkTogether(requests)
  const admitsOf = asked.map(({ which, user }) => admits[[...merged.keys()].indexOf(`${which} ${user}`)])
  expect(decisions.map((decision) => decision.allowed)).toEqual(admitsOf)
  expect(denied).toEqual(admitsOf.flatMap((admitted, index) => (admitted ? [] : [index])))
  expect(allowed).toBe(denied.length === 0)
  expect(retryAfterMs).toBe(Math.max(...decisions.map((decision) => decision.retryAfterMs)))
  asked.forEach(({ which, user }, index) => {
    expect(decisions[index]!.remaining).toBe(oracles[which]!.free(user, timeOf(which), decisions[index]!.limit))
    expect(decisions[index]!.burstRemaining).toBe(oracles[which]!.thousandths(user, timeOf(which)) / 1000)
  })
}

describe('of two limits', () => {
  const makeTwo = () => {
    const clock = manualClock()
    const perSecond = createLimiter({ limit: 2, clock, sweepIntervalMs: 0 })
    const perMinute = createLimiter({ limit: 3, windowMs: 60_000, clock, sweepIntervalMs: 0 })
    const ask = (cost = 1) =>
      checkTogether([
        { limiter: perSecond, userId: 'a', cost },
        { limiter: perMinute, userId: 'a', cost },
      ])
    return { clock, perSecond, perMinute, ask }
  }

  test('one that denies takes nothing from the other, and the wait is that of the later', () => {
    const { clock, perSecond, perMinute, ask } = makeTwo()
    expect(ask()).toMatchObject({ allowed: true, denied: [], retryAfterMs: 0 })
    expect(ask()).toMatchObject({ allowed: true })
    expect(ask()).toMatchObject({ allowed: false, denied: [0], retryAfterMs: 1000 })
    expect(perMinute.peek('a').remaining).toBe(1)
    clock.advance(1000)
    expect(ask()).toMatchObject({ allowed: true })
    expect(ask()).toMatchObject({ allowed: false, denied: [1], retryAfterMs: 59_000 })
    expect(perSecond.peek('a').remaining).toBe(1)
    expect(ask(2)).toMatchObject({ allowed: false, denied: [0, 1], retryAfterMs: 59_000 })
    expect([perSecond.stats(), perMinute.stats()]).toMatchObject([
      { allowed: 3, denied: 2 },
      { allowed: 3, denied: 2 },
    ])
  })

  test('a user denied by one earns nothing on the other while hammering', () => {
    const clock = manualClock()
    const options = { clock, sweepIntervalMs: 0 }
    const blocked = createLimiter({ limit: 1, windowMs: 1000, ...options })
    const earning = createLimiter({
      limit: 50,
      windowMs: 1000,
      burst: { capacity: 100, refillPerSecond: 1 },
      ...options,
    })
    blocked.block('a', Infinity)
    clock.advance(10_000)
    expect(earning.check('a', 60).fromBurst).toBe(10)
    for (let i = 0; i < 1000; i++) {
      clock.advance(15)
      checkTogether([
        { limiter: blocked, userId: 'a' },
        { limiter: earning, userId: 'a' },
      ])
    }
    expect(earning.getBurstAllowance('a')).toBe(0)
    clock.advance(2000)
    expect(earning.getBurstAllowance('a')).toBe(2)
  })

  test('a cost that two requests add up to, beyond all that there is, is denied for ever and takes nothing', () => {
    const limiter = createLimiter({ limit: 1e9, burst: { capacity: 1e9 }, clock: manualClock(), sweepIntervalMs: 0 })
    const request = { limiter, userId: 'a', cost: 2e9 }
    const decision = checkTogether(Array<TogetherRequest>(16).fill(request))
    expect(decision).toMatchObject({ allowed: false, retryAfterMs: Infinity })
    expect(decision.denied).toHaveLength(16)
    expect(limiter.peek('a').remaining).toBe(1e9)
  })

  test('a clock that two limiters share is read once, and each of others once', () => {
    const [shared, other] = [vi.fn(manualClock()), vi.fn(manualClock())]
    const limiters = [shared, other, shared].map((clock) => createLimiter({ clock, sweepIntervalMs: 0 }))
    shared.mockClear()
    other.mockClear()
    checkTogether(limiters.map((limiter) => ({ limiter, userId: 'a' })))
    expect([shared, other].map(({ mock }) => mock.calls.length)).toEqual([1, 1])
  })
})

describe('where something is wrong, nothing changes', () => {
  const good = () => createLimiter({ clock: manualClock(), sweepIntervalMs: 0 })

  test('wrong arguments are named by their place', () => {
    const limiter = good()
    const fine = { limiter, userId: 'a' }
    const closed = good()
    closed.close()
    const broken = createLimiter({ clock: vi.fn(() => Number.NaN).mockReturnValueOnce(0), sweepIntervalMs: 0 })
    const cases: [unknown, new (...parts: never[]) => Error, RegExp][] = [
      [undefined, TypeError, /requests must be an array, not undefined/],
      [[], RangeError, /1 to 16 requests, not 0/],
      [Array(17).fill(fine), RangeError, /1 to 16 requests, not 17/],
      [[fine, 5], TypeError, /requests\[1\] must be an object, not 5/],
      [[fine, { limiter }], TypeError, /requests\[1\].userId must be a string, not undefined/],
      [[fine, { limiter: {}, userId: 'a' }], TypeError, /requests\[1\].limiter must be made by loadLimiter/],
      [[fine, { limiter: undefined, userId: 'a' }], TypeError, /requests\[1\].limiter must be made by/],
      [[fine, { ...fine, cost: 0 }], RangeError, /requests\[1\].cost must be a whole number from 1 to 150, not 0/],
      [[fine, { ...fine, limit: 51 }], RangeError, /requests\[1\].limit must be a whole number from 0 to 50, not 51/],
      [[fine, { ...fine, price: 1 }], TypeError, /requests\[1\]: there is no option "price"/],
      [[fine, { limiter: closed, userId: 'a' }], Error, /closed/],
      [[fine, { limiter: broken, userId: 'a' }], Error, /clock must give/],
    ]
    for (const [requests, type, message] of cases) {
      const call = () => checkTogether(requests as TogetherRequest[])
      expect(call).toThrow(type)
      expect(call).toThrow(message)
    }
    expect(limiter.stats()).toMatchObject({ users: 0, allowed: 0, denied: 0 })
  })

  test('a clock that closes or asks a limiter of the decision comes before all else', () => {
    /** A limiter whose clock does something whenever it is read after loading. */
    const meddling = (meddle: () => void) => {
      let loaded = false
      const clock = () => {
        if (loaded) meddle()
        return 0
      }
      const limiter = createLimiter({ clock, sweepIntervalMs: 0 })
      loaded = true
      return limiter
    }
    const first = good()
    const closing = meddling(() => first.close())
    const requests = [first, closing].map((limiter) => ({ limiter, userId: 'a' }))
    expect(() => checkTogether(requests)).toThrow('The limiter is closed')
    expect(closing.stats()).toMatchObject({ users: 0, denied: 0 })
    const second = good()
    const asking = meddling(() => second.isAllowed('a', 50))
    const { denied } = checkTogether([second, asking].map((limiter) => ({ limiter, userId: 'a' })))
    expect(denied).toEqual([0])
  })
})
