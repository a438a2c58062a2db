/** The script in a real server, judged by the oracle: random traces on a time that is given to it. */
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seededRandom } from '../../bench/seeded-random.js'
import { Oracle } from '../../src/cli/stress/oracle.js'
import { senderOf } from '../../src/fleet/redis/clients.js'
import { RedisStore } from '../../src/fleet/redis/redis-store.js'
import { timedScript } from '../../src/fleet/redis/script.js'
import type { Answer, SharedLimit, Verb } from '../../src/fleet/store.js'
import { NO_ACTIVITY } from '../../src/fleet/store.js'
import type { Quota } from '../../src/index.js'
import type { RedisServer } from './redis-servers.js'
import { hasRedis, startRedis } from './redis-servers.js'

const DECISIONS = process.env.CI ? 1_000_000 : 40_000

describe.skipIf(!hasRedis)('the script', () => {
  let server: RedisServer
  const client = () => createClient({ url: server.url })
  let redis: ReturnType<typeof client>

  beforeAll(async () => {
    server = await startRedis()
    redis = client()
    await redis.connect()
  })
  afterAll(async () => {
    redis?.destroy()
    await server?.stop()
  })

  const quotas: Quota[] = [
    { limit: 5, windowMs: 1000, capacity: 3, refillPerSecond: 1 },
    { limit: 50, windowMs: 1000, capacity: 100, refillPerSecond: 1 },
    { limit: 3, windowMs: 3000, capacity: 2.5, refillPerSecond: 0.25 },
    { limit: 64, windowMs: 500, capacity: 0, refillPerSecond: 0 },
    { limit: 40, windowMs: 10_000, capacity: 10, refillPerSecond: 4 },
  ]
  test.each(quotas)('decides as the oracle does: %o', async (quota) => {
    const limit: SharedLimit = { name: `trace-${quota.limit}`, quota }
    const random = seededRandom(quota.limit)
    const whole = (below: number) => Math.floor(random() * below)
    let now = 1_000_000
    const store = new RedisStore(senderOf(redis as never), timedScript, () => now * 1000)
    await store.begin(limit)
    const origin = now
    const oracle = new Oracle(quota)
    const { limit: most, windowMs, capacity } = quota
    let checked = 0
    while (checked < DECISIONS / quotas.length) {
      const answers: Promise<Answer>[] = []
      const expected: unknown[] = []
      const seen: ((answer: Answer) => unknown)[] = []
      for (let step = 0; step < 2000; step++) {
        // Mostly fast, at times a pause, at times just a window.
        const kind = whole(100)
        if (kind < 60) now += whole(2)
        else if (kind < 90) now += whole(Math.ceil((4 * windowMs) / most))
        else if (kind < 97) now += whole(windowMs)
        else now += kind === 97 ? windowMs : whole(20 * windowMs)
        const userId = `user ${whole(5)}`
        const time = now - origin
        const ask = (verb: Verb, a: number, b: number) =>
          answers.push(store.ask(limit, { verb, userId, a, b, activity: NO_ACTIVITY, usefulMs: 0 }))
        const dice = whole(200)
        if (dice < 190) {
          const cost = dice < 150 ? 1 : 1 + whole(Math.floor(most + capacity))
          const within = dice < 175 ? most : whole(most + 1)
          const verb = dice % 10 === 0 ? 'peek' : 'decide'
          ask(verb, cost, within)
          const isBlocked = oracle.blockedUntil(userId) > time
          const verdict =
            verb === 'peek' ? oracle.peek(userId, time, cost, within) : oracle.decide(userId, time, cost, within)
          expected.push([
            verdict.allowed ? 'admitted' : isBlocked ? 'blocked' : 'limit',
            verdict.burst,
            oracle.taken(userId, time),
            oracle.resetMs(userId, time),
            // A block answers before anything is reckoned.
            isBlocked ? -1 : oracle.thousandths(userId, time),
          ])
          seen.push(({ verdict: said, places, taken, resetMs, tokens }) => [
            said,
            places,
            taken,
            resetMs,
            isBlocked ? -1 : tokens,
          ])
        } else if (dice < 194) {
          const [base, burst] = [whole(4), whole(3)]
          ask('refund', base, burst)
          oracle.refund(userId, time, base + burst, burst)
          expected.push(oracle.taken(userId, time))
          seen.push(({ taken }) => taken)
        } else if (dice < 197) {
          const cost = whole(2 * most)
          ask('charge', cost, 0)
          const untaken = oracle.charge(userId, time, cost)
          expected.push([untaken, oracle.taken(userId, time)])
          seen.push(({ places, taken }) => [places, taken])
        } else if (dice === 197) {
          const ms = 1 + whole(3 * windowMs)
          ask('block', ms, 0)
          oracle.block(userId, time, ms)
          expected.push('blocked')
          seen.push(({ verdict }) => verdict)
        } else if (dice === 198) {
          ask('unblock', 0, 0)
          oracle.unblock(userId, time)
          expected.push('admitted')
          seen.push(({ verdict }) => verdict)
        } else {
          store.reset(limit, userId)
          oracle.reset(userId)
        }
      }
      const given = (await Promise.all(answers)).map((answer, index) => seen[index]!(answer))
      for (const [index, said] of given.entries()) {
        if (JSON.stringify(said) !== JSON.stringify(expected[index]))
          expect({ index, said }).toEqual({ index, said: expected[index] })
      }
      checked += given.length
      for (const user of oracle.users) oracle.forget(user, now - origin - 2 * windowMs)
    }
    expect(checked).toBeGreaterThanOrEqual(DECISIONS / quotas.length)
  })

  test.each([400, 3_600_000])(
    'a clock that is set back by %i ms gives nothing back early, and goes on',
    async (backMs) => {
      const quota = { limit: 3, windowMs: 1000, capacity: 0, refillPerSecond: 0 }
      const limit: SharedLimit = { name: `back-${backMs}`, quota }
      let now = 10_000_000
      const store = new RedisStore(senderOf(redis as never), timedScript, () => now * 1000)
      await store.begin(limit)
      const decide = async () => {
        const question = { verb: 'decide', userId: 'a', a: 1, b: 3, activity: NO_ACTIVITY, usefulMs: 0 } as const
        const { verdict, taken } = await store.ask(limit, question)
        return [verdict, taken]
      }
      expect([await decide(), await decide(), await decide()].map(([, taken]) => taken)).toEqual([1, 2, 3])
      now += 300
      expect(await decide()).toEqual(['limit', 3])
      now -= backMs
      expect(await decide()).toEqual(['limit', 3])
      now += backMs === 400 ? 1099 : 999
      expect(await decide()).toEqual(['limit', 3])
      now += 1
      expect(await decide()).toEqual(['admitted', 1])
    },
  )
})
