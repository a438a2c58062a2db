/**
 * The limiter against the oracle over random traces, on both builds of the core.
 *
 * On a whole-millisecond clock, and a window whose ticks divide the millisecond, every answer is the oracle's to the
 * bit. Elsewhere places may come back up to two ticks late, and under limits above 64, while more than 64 admissions are in
 * the window, up to a 31st of the window late; never early.
 */
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Oracle } from '../../src/cli/stress/oracle.js'
import type { Limiter, LimiterOptions } from '../../src/index.js'
import { loadLimiter, manualClock } from '../../src/index.js'
import type { Quota } from '../../src/limiter/index.js'
import { optionsFor } from '../../src/limiter/index.js'
import { answer } from '../support/answers.js'
import { builds } from '../support/builds.js'
import { expectEqual, expectSame } from '../support/same.js'
import type { Step } from '../support/traces.js'
import { traces } from '../support/traces.js'

/** Traces of each property: more in CI. */
const RUNS = process.env.CI ? 150 : 50

/** An id that no trace has. */
const STRANGER = 'stranger'

function optionsOf(quota: Quota): LimiterOptions {
  return { ...optionsFor(quota), maxUsers: 1000, sweepIntervalMs: 0 }
}

function label({ limit, windowMs, capacity, refillPerSecond }: Quota): string {
  return `${limit} in ${windowMs} ms, ${capacity} tokens at ${refillPerSecond} a second`
}

/** A clock that may step back, and what a limiter makes of it: the highest reading that it saw. */
class Timeline {
  readonly clock = manualClock()
  now = 0

  /** To be called with each call of the limiter. */
  see(): void {
    this.now = Math.max(this.now, this.clock())
  }
}

const exact: Quota[] = [
  { limit: 50, windowMs: 1000, capacity: 100, refillPerSecond: 1 },
  { limit: 5, windowMs: 1000, capacity: 3, refillPerSecond: 2 },
  { limit: 1, windowMs: 1000, capacity: 0, refillPerSecond: 0 },
  { limit: 1, windowMs: 1000, capacity: 10, refillPerSecond: 1 },
  { limit: 16, windowMs: 500, capacity: 20, refillPerSecond: 7 },
  { limit: 17, windowMs: 2000, capacity: 1, refillPerSecond: 100 },
  { limit: 64, windowMs: 7500, capacity: 1000, refillPerSecond: 3 },
  { limit: 10, windowMs: 30_000, capacity: 5, refillPerSecond: 1 },
]

afterEach(() => {
  vi.restoreAllMocks()
})

describe.each(builds)('on the $name build', ({ module }) => {
  test.each(exact.map((rules) => [label(rules), rules] as const))('every answer is exact: %s', async (_, rules) => {
    await fc.assert(
      fc.asyncProperty(traces(rules, { verbs: true }), async (steps) => {
        const time = new Timeline()
        using limiter = await loadLimiter({ ...optionsOf(rules), clock: time.clock, module })
        const oracle = new Oracle(rules)
        for (const step of steps) runExactly(step, limiter, oracle, time, rules)
      }),
      { numRuns: RUNS },
    )
  })

  test.each(exact.map((rules) => [label(rules), rules] as const))(
    'every answer is exact, though limiters go on from snapshots: %s',
    async (_, rules) => {
      const restarts = fc.array(fc.record({ at: fc.nat(100), awayMs: fc.nat(2 * rules.windowMs) }), { maxLength: 5 })
      await fc.assert(
        fc.asyncProperty(traces(rules, { verbs: true }), restarts, async (steps, restarts) => {
          const time = new Timeline()
          const wall = vi.spyOn(Date, 'now').mockReturnValue(0)
          const options = { ...optionsOf(rules), clock: time.clock, module }
          let limiter = await loadLimiter(options)
          const oracle = new Oracle(rules)
          for (const [index, step] of steps.entries()) {
            for (const { awayMs } of restarts.filter(({ at }) => at === index)) {
              time.see()
              const snapshot = limiter.snapshot()
              limiter.close()
              // For the limiter time has not stepped back, wherever the clock was.
              time.now += awayMs
              time.clock.set(time.now)
              wall.mockReturnValue(Date.now() + awayMs)
              limiter = await loadLimiter({ ...options, snapshot })
            }
            runExactly(step, limiter, oracle, time, rules)
          }
          limiter.close()
        }),
        { numRuns: RUNS },
      )
    },
  )

  const bounded: (Quota & { whole: boolean })[] = [
    { limit: 50, windowMs: 1000, capacity: 100, refillPerSecond: 1, whole: false },
    { limit: 7, windowMs: 333.25, capacity: 2.5, refillPerSecond: 0.3, whole: false },
    { limit: 50, windowMs: 60_000, capacity: 10, refillPerSecond: 0.1, whole: true },
    { limit: 65, windowMs: 1000, capacity: 10, refillPerSecond: 1, whole: true },
    { limit: 128, windowMs: 1000, capacity: 0, refillPerSecond: 0, whole: true },
    { limit: 1000, windowMs: 60_000, capacity: 100, refillPerSecond: 1, whole: true },
    { limit: 200, windowMs: 1000, capacity: 10, refillPerSecond: 1, whole: true },
    { limit: 10_000, windowMs: 10_000, capacity: 0, refillPerSecond: 0, whole: false },
    { limit: 100_000, windowMs: 3_600_000, capacity: 1000, refillPerSecond: 10, whole: false },
    { limit: 1_000_000, windowMs: 1000, capacity: 3, refillPerSecond: 1, whole: true },
  ]

  test.each(bounded.map((rules) => [label(rules), rules] as const))(
    'never early, and late within the bound: %s',
    async (_, rules) => {
      const ticksMs = (2 * rules.windowMs) / 30_000
      await fc.assert(
        fc.asyncProperty(traces(rules, { whole: rules.whole }), async (steps) => {
          const time = new Timeline()
          using limiter = await loadLimiter({ ...optionsOf(rules), clock: time.clock, module })
          const oracle = new Oracle(rules)
          // The most admissions that a user had in a window and a tick, since that window was empty.
          const most = new Map<string, number>()
          const mostInWindow = (id: string) => {
            const taken = oracle.taken(id, time.now, ticksMs)
            most.set(id, taken === 0 ? 0 : Math.max(taken, most.get(id) ?? 0))
            return most.get(id)!
          }
          const ask = (id: string, cost: number) => {
            const { allowed, fromBurst: burst } = limiter.check(id, cost)
            const base = allowed ? cost - burst : 0
            const tokens = oracle.thousandths(id, time.now) / 1000
            // As long as no more than 64 admissions were in a window, each is exact.
            const crowded = rules.limit > 64 && mostInWindow(id) > 64
            const lateMs = ticksMs + (crowded ? rules.windowMs / 31 : 0)
            const least = rules.limit - oracle.taken(id, time.now, lateMs + 1e-6)
            // Strict: never more base places than are free, never more tokens than there are.
            const strict = base <= oracle.free(id, time.now) && burst <= tokens + 1e-6
            // Not stingy: denied only if the places surely free and the tokens did not suffice; tokens only beyond them.
            const generous = allowed
              ? burst === 0 || base >= Math.min(cost, least)
              : Math.max(0, least) + Math.floor(tokens - 1e-6) < cost
            if (!strict || !generous) {
              expect.fail(
                `${id} at ${time.now}: cost ${cost}, ${base} + ${burst}; surely free ${least}, tokens ${tokens}`,
              )
            }
            oracle.record(id, time.now, { base, burst })
            if (rules.limit > 64) mostInWindow(id)
          }
          for (const step of steps) {
            if (step.kind !== 'wait') time.see()
            if (step.kind === 'wait') time.clock.advance(step.ms)
            else if (step.kind === 'ask' || step.kind === 'check') ask(step.user, step.cost)
            else if (step.kind === 'burst') for (let i = 0; i < step.count; i++) ask(step.user, 1)
            else if (step.kind === 'peek') limiter.peek(step.user, step.cost)
            else if (step.kind === 'sweep') limiter.sweep()
            else if (step.kind === 'reset') {
              limiter.reset(step.user)
              oracle.reset(step.user)
            } else if (step.kind === 'tokens') {
              const tokens = oracle.thousandths(step.user, time.now) / 1000
              expect(limiter.getBurstAllowance(step.user)).toBeCloseTo(tokens, 6)
            }
          }
        }),
        { numRuns: RUNS },
      )
    },
  )

  test.each([...exact, ...bounded].map((rules) => [label(rules), rules] as const))(
    'sweeping at any moment changes no later answer: %s',
    async (_, rules) => {
      await fc.assert(
        fc.asyncProperty(traces(rules, { whole: false, verbs: true }), async (steps) => {
          const { clock } = new Timeline()
          const options = { ...optionsOf(rules), clock, module }
          using swept = await loadLimiter(options)
          using unswept = await loadLimiter(options)
          for (const step of steps) {
            if (step.kind === 'wait') clock.advance(step.ms)
            else if (step.kind === 'sweep') {
              swept.sweep()
              // Both see the same readings.
              unswept.peek(STRANGER)
            } else expectEqual(answer(step, swept), answer(step, unswept))
          }
        }),
        { numRuns: RUNS },
      )
    },
  )

  test('retryAfterMs is tight on fractional clocks and windows', async () => {
    const rules = { limit: 7, windowMs: 333.25, capacity: 4, refillPerSecond: 3 }
    await fc.assert(
      fc.asyncProperty(
        traces(rules, { whole: false, verbs: true }),
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        async (steps, origin) => {
          const clock = manualClock(origin)
          using limiter = await loadLimiter({ ...optionsOf(rules), clock, module })
          for (const step of steps) {
            if (step.kind === 'wait') clock.advance(Math.abs(step.ms))
            else if (step.kind === 'check' || step.kind === 'peek') {
              const { kind, user, cost, limit } = step
              const { allowed, retryAfterMs } = limiter[kind](user, { cost, limit })
              if (allowed || retryAfterMs === Infinity) continue
              const reading = clock()
              clock.set(reading + retryAfterMs - 1e-6)
              expectSame(limiter.peek(user, { cost, limit }).allowed, false)
              clock.set(reading + retryAfterMs)
              expectSame(limiter.peek(user, { cost, limit }).allowed, true)
            } else answer(step, limiter)
          }
        },
      ),
      { numRuns: RUNS },
    )
  })
})

/** Runs a step on both, and holds the limiter to the oracle's answer. */
function runExactly(step: Step, limiter: Limiter, oracle: Oracle, time: Timeline, rules: Quota): void {
  if (step.kind === 'wait') {
    time.clock.advance(step.ms)
    return
  }
  if (step.kind === 'clear') {
    limiter.clear()
    oracle.clear()
    return
  }
  time.see()
  if (step.kind === 'ask') {
    const { cost, limit } = step
    const { allowed } = oracle.decide(step.user, time.now, cost, limit)
    expectSame(limiter.isAllowed(step.user, { cost, limit }), allowed)
  } else if (step.kind === 'burst') {
    const told = Array.from({ length: step.count }, () => limiter.isAllowed(step.user))
    expectEqual(
      told,
      told.map(() => oracle.decide(step.user, time.now).allowed),
    )
  } else if (step.kind === 'tokens') {
    expectSame(limiter.getBurstAllowance(step.user), oracle.thousandths(step.user, time.now) / 1000)
  } else if (step.kind === 'reset') {
    limiter.reset(step.user)
    oracle.reset(step.user)
  } else if (step.kind === 'charge') {
    expectSame(limiter.charge(step.user, step.cost), oracle.charge(step.user, time.now, step.cost))
  } else if (step.kind === 'refund') {
    limiter.refund(step.user, step.cost, step.fromBurst)
    oracle.refund(step.user, time.now, step.cost, step.fromBurst)
  } else if (step.kind === 'block') {
    expect(limiter.block(step.user, step.ms)).toBe(true)
    oracle.block(step.user, time.now, step.ms)
  } else if (step.kind === 'unblock') {
    limiter.unblock(step.user)
    oracle.unblock(step.user, time.now)
  } else if (step.kind === 'sweep') {
    sweepExactly(limiter, oracle, time.now, rules)
  } else {
    const { user, cost, limit } = step
    const blocked = oracle.blockedUntil(user) > time.now
    const { allowed, burst } = oracle[step.kind === 'check' ? 'decide' : 'peek'](user, time.now, cost, limit)
    const decision = limiter[step.kind](user, { cost, limit })
    const steppedBack = time.now - time.clock()
    expectEqual(decision, {
      allowed,
      limit,
      remaining: oracle.free(user, time.now, limit),
      burstRemaining: oracle.thousandths(user, time.now) / 1000,
      fromBurst: burst,
      // Of a denial it is judged below.
      retryAfterMs: allowed ? 0 : decision.retryAfterMs,
      // Nothing to wait for is 0, wherever the clock has stepped back to.
      resetMs: oracle.taken(user, time.now) > 0 ? oracle.resetMs(user, time.now) + steppedBack : 0,
      reason: allowed ? undefined : blocked ? 'blocked' : 'limit',
    })
    if (allowed) return
    expectSame(typeof decision.retryAfterMs, 'number')
    const retryAt = time.clock() + decision.retryAfterMs
    if (retryAt === Infinity) {
      // Never: the places and the tokens that there can be do not suffice.
      const never = limit + (rules.refillPerSecond > 0 ? rules.capacity : oracle.thousandths(user, time.now) / 1000)
      expect(cost).toBeGreaterThan(never)
      return
    }
    // Between whole milliseconds the oracle rounds too; the limiter itself is asked in a test of its own.
    expectSame(oracle.peek(user, retryAt + 1e-6, cost, limit).allowed, true)
    expectSame(oracle.peek(user, Math.max(time.now, retryAt - 1e-6), cost, limit).allowed, false)
  }
}

/** Sweeps, and checks that none but stale users went, and at most those stay that are stale just now. */
function sweepExactly(limiter: Limiter, oracle: Oracle, now: number, rules: Quota): void {
  const { users } = limiter.stats()
  const removed = limiter.sweep()
  const stale = oracle.users.filter((id) => oracle.stale(id, now))
  expect(removed).toBeLessThanOrEqual(stale.length)
  expect(limiter.stats().users).toBe(users - removed)
  const pace = rules.windowMs / rules.limit
  const surely = oracle.users.filter((id) => oracle.stale(id, now) && oracle.idleFor(id, now) > pace)
  expect(limiter.stats().users).toBeLessThanOrEqual(oracle.users.length - surely.length)
}
