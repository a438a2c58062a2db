/** Limits above 64 in the script, where a cell stands for many: exact for the first 64, and then never early and hardly late. */
import { describe, expect, test } from 'vitest'
import { seededWhole } from '../../bench/seeded-random.js'
import { Oracle } from '../../src/cli/stress/oracle.js'
import type { SharedLimit } from '../../src/fleet/store.js'
import { NO_ACTIVITY } from '../../src/fleet/store.js'
import type { Quota } from '../../src/index.js'
import { TICKS } from '../../src/limiter/index.js'
import { expectSame } from '../support/same.js'
import { storeAt } from './given-time.js'
import { hasRedis, useRedis } from './redis-servers.js'

const DECISIONS = process.env.CI ? 100_000 : 9000

describe.skipIf(!hasRedis)('large limits', () => {
  const used = useRedis()

  const quotas: Quota[] = [
    { limit: 65, windowMs: 1000, capacity: 10, refillPerSecond: 1 },
    { limit: 65, windowMs: 60_000, capacity: 0, refillPerSecond: 0 },
    { limit: 500, windowMs: 10_000, capacity: 0, refillPerSecond: 0 },
    { limit: 500, windowMs: 333, capacity: 20, refillPerSecond: 3 },
    { limit: 10_000, windowMs: 1000, capacity: 100, refillPerSecond: 50 },
    { limit: 10_000, windowMs: 3_600_000, capacity: 0, refillPerSecond: 0 },
  ]
  test.each(quotas)('never early, and late within the bound: %o', async (quota) => {
    const { limit: most, windowMs } = quota
    const limit: SharedLimit = { name: `large ${most}`, quota }
    const whole = seededWhole(most + windowMs)
    let now = 1_000_000
    const store = storeAt(used.redis, () => now)
    await store.begin(limit)
    const origin = now
    const ticksMs = (2 * windowMs) / TICKS
    const oracle = new Oracle(quota)
    // The most admissions that a user had in a window and a tick, since that window was empty.
    const peaks = new Map<string, number>()
    const peakOf = (userId: string, time: number) => {
      const taken = oracle.taken(userId, time, ticksMs)
      peaks.set(userId, taken === 0 ? 0 : Math.max(taken, peaks.get(userId) ?? 0))
      return peaks.get(userId) as number
    }
    let crowded = 0
    // Phases of a few requests in a window, of about the limit, and of far more.
    let rate = 1
    for (let step = 0; step < DECISIONS / quotas.length; step++) {
      if (whole(300) === 0) rate = [20, 60, most, 3 * most][whole(4)] as number
      const kind = whole(1000)
      if (kind < 950) now += whole(Math.ceil((2 * windowMs) / Math.min(rate, 200)))
      else if (kind < 997) now += whole(windowMs / 4)
      else now += whole(2 * windowMs)
      const userId = `user ${whole(2)}`
      const time = now - origin
      const cost = 1 + (rate > 200 ? whole(rate / 100) : whole(2))
      const verb = whole(10) === 0 ? 'peek' : 'decide'
      const isCrowded = peakOf(userId, time) > 64
      if (isCrowded) crowded++
      const [least, tokens] = [oracle.taken(userId, time), oracle.thousandths(userId, time)]
      const longest = isCrowded ? oracle.taken(userId, time, windowMs / 31 + ticksMs + 1e-6) : undefined
      const question = { verb, userId, a: cost, b: most, activity: NO_ACTIVITY, usefulMs: 0 } as const
      const { verdict, places: burst, taken } = await store.ask(limit, question)
      const allowed = verdict === 'admitted'
      const base = allowed ? cost - burst : 0
      const before = verb === 'decide' ? taken - base : taken
      const said = `step ${step}, ${userId}: ${JSON.stringify({ before, least, burst, tokens, allowed })}`
      // A place that takes two ticks to come back is late by those at most, crowded or not.
      const late = longest ?? oracle.taken(userId, time, ticksMs + 1e-6)
      expectSame(least <= before && before <= late, true, `${said} are not from ${least} to ${late}`)
      expectSame(burst * 1000 <= tokens, true, `${said} are more tokens than there are`)
      // The decision is the one that follows from what is taken.
      expectSame(allowed, (cost - Math.min(cost, Math.max(0, most - before))) * 1000 <= tokens, said)
      if (verb === 'decide') {
        oracle.record(userId, time, { base, burst })
        peakOf(userId, time)
      }
    }
    expect(crowded).toBeGreaterThan(30)
  })
})
