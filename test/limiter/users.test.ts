/** Giving memory back: users move to a fresh instance, a few at a time, and nobody can tell. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { BurstOptions } from '../../src/index.js'
import { loadLimiter, manualClock } from '../../src/index.js'
import { Core } from '../../src/limiter/core.js'
import { resolveOptions } from '../../src/limiter/options.js'
import { Users } from '../../src/limiter/users.js'
import { builds } from '../support/builds.js'
import { expectEqual, expectSame } from '../support/same.js'

const FILLERS = 2000
const USERS = 60
const RUNS = process.env.CI ? 60 : 30

type Step =
  | { kind: 'wait'; ms: number }
  | { kind: 'sweep' }
  | { kind: 'decide' | 'peek' | 'tokens' | 'reset'; user: number; cost: number }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: fc.oneof(fc.nat(30), fc.nat(1200)).map((ms): Step => ({ kind: 'wait', ms })) },
    { weight: 2, arbitrary: fc.constant<Step>({ kind: 'sweep' }) },
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constantFrom(
          'decide' as const,
          'decide' as const,
          'peek' as const,
          'tokens' as const,
          'reset' as const,
        ),
        user: fc.nat(USERS - 1),
        cost: fc.constantFrom(1, 1, 1, 5, 20, 50, 70),
      }),
    },
  ),
  { minLength: 50, maxLength: 200 },
)

describe.each(builds)('on the $name build', ({ module }) => {
  function makeStore(spareBytes: number, limit: number, burst: BurstOptions | false) {
    const settings = { ...resolveOptions({ limit, burst, maxUsers: 10_000 }), spareBytes }
    return new Users(new Core(module, settings).start(0), settings)
  }

  function answer(store: Users, step: Step, now: number, limit: number): unknown {
    if (step.kind === 'wait' || step.kind === 'sweep') return undefined
    const slot = store.slotOf(`user_${step.user}`)
    const { abi, views } = store.core
    if (step.kind === 'tokens') return abi.tokens(slot, now)
    if (step.kind === 'reset') return abi.reset(slot, now)
    const allowed = abi[step.kind === 'peek' ? 'peek' : 'check'](slot, now, step.cost, limit)
    return [allowed, ...views.report.slice(0, 4)]
  }

  test.each([
    [50, { capacity: 100, refillPerSecond: 1 }],
    [10, false],
    [1000, false],
  ] as const)('no answer changes on the way, with a limit of %i, and tokens %o', (limit, burst) => {
    let moved = 0
    fc.assert(
      fc.property(steps, (trace) => {
        const moving = makeStore(0, limit, burst)
        const staying = makeStore(Infinity, limit, burst)
        let now = 0
        for (const store of [moving, staying]) {
          for (let i = 0; i < FILLERS; i++) store.core.abi.decide(store.slotOf(`filler_${i}`), now, 1, limit)
        }
        now = 5000
        for (const store of [moving, staying]) {
          for (let i = 0; i < USERS; i++) store.core.abi.decide(store.slotOf(`user_${i}`), now, 1 + (i % 50), limit)
        }
        const first = moving.core
        // All pages, so that what is left is no more than these users, and moving begins.
        moving.sweep(10_000, now)
        staying.core.abi.peek(staying.slotOf('nobody'), now, 1, limit)
        expect(moving.core).not.toBe(first)
        for (const step of trace) {
          if (step.kind === 'wait') now += step.ms
          else if (step.kind === 'sweep') {
            moving.sweep(1, now)
            staying.core.abi.peek(staying.slotOf('nobody'), now, 1, limit)
          } else {
            expectEqual(answer(moving, step, now, limit), answer(staying, step, now, limit))
          }
        }
        for (const name of ['allowed', 'denied', 'burstSpent', 'evicted'] as const) {
          expect(moving.statistics()[name]).toBe(staying.statistics()[name])
        }
        for (let user = 0; user < USERS; user++) {
          const peek = { kind: 'peek', user, cost: 1 } as const
          expectEqual(answer(moving, peek, now, limit), answer(staying, peek, now, limit))
        }
        moved++
      }),
      { numRuns: RUNS },
    )
    expect(moved).toBeGreaterThanOrEqual(RUNS)
  })

  test('both instances together keep no more than maxUsers', () => {
    const settings = { ...resolveOptions({ limit: 1, burst: false, maxUsers: 3000 }), spareBytes: 0 }
    const store = new Users(new Core(module, settings).start(0), settings)
    const ask = (id: string, now: number) => store.core.abi.decide(store.slotOf(id), now, 1, 1)
    for (let i = 0; i < 3000; i++) ask(`filler_${i}`, 0)
    for (let i = 0; i < 100; i++) ask(`kept_${i}`, 1000)
    const first = store.core
    store.sweep(10_000, 1000)
    expect(store.core).not.toBe(first)
    for (let i = 0; i < 4000; i++) {
      ask(`new_${i}`, 1001)
      expectSame(store.statistics().users <= 3000, true, `${store.statistics().users} users`)
      if (i % 10 === 0) store.sweep(1, 1001)
    }
    expect(store.statistics().users).toBe(3000)
  })
})

test('a limiter gives the memory of a spike back', async () => {
  const clock = manualClock()
  using limiter = await loadLimiter({ burst: false, clock, sweepIntervalMs: 0 })
  const count = process.env.CI ? 500_000 : 200_000
  for (let i = 0; i < count; i++) limiter.isAllowed(`spike_${i}`)
  const { memoryBytes } = limiter.stats()
  clock.advance(3000)
  expect(limiter.isAllowed('stays', 50)).toBe(true)
  limiter.sweep()
  const stats = limiter.stats()
  expect(stats).toMatchObject({ users: 1, allowed: count + 1, swept: count })
  expect(stats.memoryBytes).toBeLessThan(memoryBytes / (count / 500))
  expect(limiter.peek('stays')).toMatchObject({ remaining: 0, retryAfterMs: 1000 })
  clock.advance(1000)
  expect(limiter.isAllowed('stays')).toBe(true)
})
