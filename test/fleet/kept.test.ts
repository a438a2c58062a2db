/** How long the server keeps a user: no longer than it must, and never shorter than the rules need. */
import { describe, expect, test } from 'vitest'
import { seededWhole } from '../../bench/seeded-random.js'
import { Oracle } from '../../src/cli/stress/oracle.js'
import { loadFleetLimiter, redisStore } from '../../src/fleet/index.js'
import { timedScript } from '../../src/fleet/redis/script.js'
import type { Answer, SharedLimit, Verb } from '../../src/fleet/store.js'
import { NO_ACTIVITY } from '../../src/fleet/store.js'
import type { Quota } from '../../src/index.js'
import { notingScript, storeAt } from './given-time.js'
import { hasRedis, useRedis } from './redis-servers.js'

const DECISIONS = process.env.CI ? 60_000 : 6000

describe.skipIf(!hasRedis)('the life of keys', () => {
  const used = useRedis()

  const quotas: Quota[] = [
    { limit: 5, windowMs: 1000, capacity: 3, refillPerSecond: 1 },
    { limit: 50, windowMs: 1000, capacity: 100, refillPerSecond: 1 },
    { limit: 3, windowMs: 3000, capacity: 2.5, refillPerSecond: 0.25 },
    { limit: 4, windowMs: 500, capacity: 0, refillPerSecond: 0 },
    { limit: 2, windowMs: 10_000, capacity: 5, refillPerSecond: 10 },
  ]

  /** Runs a trace in which keys live for a part of what they are given. Gives how many lives ended, and answers that were wrong. */
  async function run(quota: Quota, part: number): Promise<{ ended: number; wrong: string[] }> {
    const limit: SharedLimit = { name: `kept ${quota.limit} ${part}`, quota }
    const whole = seededWhole(quota.limit)
    let now = 1_000_000
    const store = storeAt(used.redis, () => now, notingScript)
    await store.begin(limit)
    const origin = now
    const oracle = new Oracle(quota)
    const { limit: most, windowMs, capacity, refillPerSecond } = quota
    const longMs = Math.max(5 * windowMs, refillPerSecond > 0 ? (1500 * capacity) / refillPerSecond : 0)
    const endsAt = new Map<string, number>()
    const wrong: string[] = []
    let ended = 0
    for (let step = 0; step < DECISIONS / quotas.length; step++) {
      const kind = whole(100)
      if (kind < 50) now += whole(2)
      else if (kind < 80) now += whole(Math.ceil((3 * windowMs) / most))
      else if (kind < 95) now += whole(2 * windowMs)
      else now += whole(longMs)
      const userId = `user ${whole(3)}`
      const key = `${limit.name}/${windowMs}:{${userId}}`
      // The server drops a key once its time has passed.
      if (now > (endsAt.get(userId) ?? Infinity)) {
        await used.redis.del([key, `${key} lives`])
        endsAt.delete(userId)
        ended++
      }
      const time = now - origin
      const ask = (verb: Verb, a: number, b: number): Promise<Answer> =>
        store.ask(limit, { verb, userId, a, b, activity: NO_ACTIVITY, usefulMs: 0 })
      const dice = whole(100)
      let given: unknown
      let expected: unknown
      if (dice < 90) {
        const cost = dice < 60 ? 1 : 1 + whole(Math.floor(most + capacity))
        const answer = await ask('decide', cost, most)
        const isBlocked = oracle.blockedUntil(userId) > time
        const { allowed, burst } = oracle.decide(userId, time, cost)
        given = [answer.verdict === 'admitted', answer.places, answer.taken, isBlocked ? 0 : answer.tokens]
        expected = [allowed, burst, oracle.taken(userId, time), isBlocked ? 0 : oracle.thousandths(userId, time)]
      } else if (dice < 94) {
        await ask('refund', 1, 1)
        oracle.refund(userId, time, 2, 1)
      } else if (dice < 96) {
        const cost = whole(2 * most)
        const answer = await ask('charge', cost, 0)
        given = answer.places
        expected = oracle.charge(userId, time, cost)
      } else if (dice < 98) {
        const ms = 1 + whole(3 * windowMs)
        await ask('block', ms, 0)
        oracle.block(userId, time, ms)
      } else {
        await ask('unblock', 0, 0)
        oracle.unblock(userId, time)
      }
      if (JSON.stringify(given) !== JSON.stringify(expected)) {
        wrong.push(`step ${step}: ${JSON.stringify({ given, expected })}`)
        // From here on they would differ for ever.
        if (wrong.length > 5) break
      }
      const lives = await used.redis.getDel(`${key} lives`)
      if (lives !== null) endsAt.set(userId, now + Number(lives) * part)
    }
    return { ended, wrong }
  }

  test.each(quotas)('they live until it makes no difference: %o', async (quota) => {
    const { ended, wrong } = await run(quota, 1)
    expect(wrong).toEqual([])
    expect(ended).toBeGreaterThan(20)
  })

  test.each(quotas)('half as long would make one: %o', async (quota) => {
    const { wrong } = await run(quota, 0.5)
    expect(wrong).not.toEqual([])
  })

  test('every key but that of the limit has an end, whatever was done', async () => {
    expect(notingScript).not.toBe(timedScript)
    await used.redis.flushAll()
    const limiter = await loadFleetLimiter({
      ...{ store: redisStore(used.redis as never), name: 'ends', limit: 70, processes: 1, timeoutMs: 60_000 },
      burst: { capacity: 10, refillPerSecond: 0.001 },
    })
    const acts = [
      (id: string) => limiter.check(id),
      (id: string) => limiter.check(id, 70),
      (id: string) => limiter.check(id, { limit: 0 }),
      (id: string) => limiter.charge(id, 100),
      (id: string) => limiter.refund(id, 2, 1),
      (id: string) => limiter.block(id, 2 ** 42),
      (id: string) => limiter.unblock(id),
      (id: string) => limiter.peek(id),
      async (id: string) => limiter.isAllowed(id, 60),
    ]
    for (const [index, act] of acts.entries()) {
      for (const [other, next] of acts.entries()) {
        await act(`user ${index} ${other}`)
        await next(`user ${index} ${other}`)
      }
    }
    const keys = await used.redis.keys('*')
    expect(keys.length).toBeGreaterThan(acts.length * (acts.length - 3))
    const lives = await Promise.all(keys.map(async (key) => [key, await used.redis.pTTL(key)] as const))
    // Of those that have ended meanwhile it is -2.
    const endless = lives.filter(([, ms]) => ms === -1).map(([key]) => key)
    expect(endless).toEqual(['ends/1000'])
    limiter.close()
  })
})
