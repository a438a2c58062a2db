/** Decisions of `check` over a real server, judged by the oracle: by one process, whose clock is the server's. */
import { describe, expect, test } from 'vitest'
import { seededWhole } from '../../bench/seeded-random.js'
import { Oracle } from '../../src/cli/stress/oracle.js'
import { loadFleetLimiter } from '../../src/fleet/index.js'
import type { Quota } from '../../src/index.js'
import { manualClock } from '../../src/index.js'
import { expectEqual, expectSame } from '../support/same.js'
import { storeAt } from './given-time.js'
import { hasRedis, useRedis } from './redis-servers.js'

const DECISIONS = process.env.CI ? 40_000 : 8000

describe.skipIf(!hasRedis)('check', () => {
  const used = useRedis()

  /** Reports are answered before anything else is, and then made use of. */
  async function settled(): Promise<void> {
    await used.redis.ping()
    await new Promise((resolve) => setImmediate(resolve))
  }

  /** A limiter in the only process, on a clock at 5000 ms, and the oracle. */
  async function alone(name: string, quota: Quota) {
    const { limit, windowMs, ...burst } = quota
    const clock = manualClock(5000)
    const store = storeAt(used.redis, clock)
    const limiter = await loadFleetLimiter({
      ...{ store, name: `${name} ${limit}`, limit, windowMs, burst, processes: 1, clock, timeoutMs: 60_000 },
    })
    return { clock, limiter, oracle: new Oracle(quota) }
  }

  const quotas: Quota[] = [
    { limit: 5, windowMs: 1000, capacity: 3, refillPerSecond: 1 },
    { limit: 50, windowMs: 1000, capacity: 100, refillPerSecond: 2 },
    { limit: 2, windowMs: 3000, capacity: 0, refillPerSecond: 0 },
  ]
  test.each(quotas)('is what the oracle says, though most denials are not asked about: %o', async (quota) => {
    const { limit, capacity, windowMs } = quota
    const whole = seededWhole(limit)
    const { clock, limiter, oracle } = await alone('exact', quota)
    for (let step = 0; step < DECISIONS / quotas.length; step++) {
      // What was reported of users who were not seen for long is answered first: an answer counts as new when it comes.
      await settled()
      const kind = whole(100)
      if (kind < 70) clock.advance(whole(2))
      else if (kind < 92) clock.advance(whole(Math.ceil((3 * windowMs) / limit)))
      else clock.advance(kind === 92 ? windowMs : whole(kind === 93 ? 20 * windowMs : windowMs))
      const user = `user ${whole(4)}`
      const time = clock() - 5000
      const dice = whole(300)
      if (dice === 0) {
        await limiter.refund(user, 3, 1)
        oracle.refund(user, time, 3, 1)
      } else if (dice === 1) {
        await limiter.block(user, 700)
        oracle.block(user, time, 700)
      } else if (dice === 2) {
        await limiter.unblock(user)
        oracle.unblock(user, time)
      } else if (dice === 3) {
        await limiter.reset(user)
        oracle.reset(user)
      } else if (dice === 4) {
        expect(await limiter.charge(user, 4)).toBe(oracle.charge(user, time, 4))
      } else if (dice < 10) {
        expect((await limiter.peek(user)).allowed).toBe(oracle.peek(user, time).allowed)
      } else {
        const cost = dice < 250 ? 1 : 1 + whole(Math.min(3, limit + capacity))
        const within = dice < 270 ? limit : whole(limit + 1)
        const verdict = oracle.decide(user, time, cost, within)
        const decision = await limiter.check(user, { cost, limit: within })
        const { allowed, fromBurst, remaining } = decision
        expectEqual({ step, allowed, fromBurst }, { step, allowed: verdict.allowed, fromBurst: verdict.burst })
        expectSame(remaining, oracle.free(user, time, within))
        if (oracle.blockedUntil(user) <= time) {
          expect(decision.burstRemaining).toBeCloseTo(oracle.thousandths(user, time) / 1000, 9)
        }
        if (!allowed && decision.retryAfterMs < Infinity && decision.reason === 'limit') {
          expectSame(oracle.peek(user, time + decision.retryAfterMs, cost, within).allowed, true)
          expectSame(oracle.peek(user, time + decision.retryAfterMs - 0.05, cost, within).allowed, false)
        }
      }
    }
    const { asked, allowed, denied, denialsKnown, failures } = limiter.stats()
    expect(failures).toBe(0)
    expect(asked).toBeLessThan(allowed + denied + 400)
    expect(denialsKnown).toBeGreaterThan(denied / 4)
    limiter.close()
  })

  test.each(quotas)('isAllowed of the only process is what the oracle says: %o', async (quota) => {
    const { limit, windowMs } = quota
    const whole = seededWhole(limit + 1)
    const { clock, limiter, oracle } = await alone('alone', quota)
    let expected = 0
    for (let step = 0; step < DECISIONS / quotas.length / 2; step++) {
      const kind = whole(100)
      if (kind < 85) clock.advance(whole(2))
      else if (kind < 98) clock.advance(whole(Math.ceil(windowMs / limit)))
      else clock.advance(kind === 98 ? windowMs : whole(20 * windowMs))
      const user = `user ${whole(2)}`
      const verdict = oracle.decide(user, clock() - 5000)
      expectEqual({ step, allowed: limiter.isAllowed(user) }, { step, allowed: verdict.allowed })
      if (verdict.allowed) expected++
      await settled()
    }
    const { allowed, asked, failures } = limiter.stats()
    expect([allowed, failures]).toEqual([expected, 0])
    expect(asked).toBeGreaterThan(0)
    limiter.close()
  })
})
