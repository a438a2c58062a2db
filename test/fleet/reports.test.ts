/** What processes report, in the script: places land at the time at which they were taken, tokens and gaps are reckoned. */
import { describe, expect, test } from 'vitest'
import { seededWhole } from '../../bench/seeded-random.js'
import { redisStore } from '../../src/fleet/index.js'
import type { SharedLimit } from '../../src/fleet/store.js'
import { NO_ACTIVITY } from '../../src/fleet/store.js'
import { Unreported } from '../../src/fleet/unreported.js'
import type { Quota } from '../../src/index.js'
import { TICKS } from '../../src/limiter/index.js'
import { storeAt } from './given-time.js'
import { hasRedis, useRedis } from './redis-servers.js'
import { earned, unseen } from './reports-model.js'

const REPORTS = process.env.CI ? 50_000 : 3000

describe.skipIf(!hasRedis)('reports', () => {
  const used = useRedis()

  const quotas: Quota[] = [
    { limit: 5, windowMs: 1000, capacity: 0, refillPerSecond: 0 },
    { limit: 60, windowMs: 500, capacity: 0, refillPerSecond: 0 },
    { limit: 5, windowMs: 1000, capacity: 1000, refillPerSecond: 1 },
    { limit: 20, windowMs: 3000, capacity: 3, refillPerSecond: 0.5 },
  ]
  // Whole milliseconds are whole ticks in these windows, so that everything is exact.
  test.each(quotas)('of processes in turn, beside a plain model: %o', async (quota) => {
    const { limit: most, windowMs, capacity, refillPerSecond } = quota
    const limit: SharedLimit = { name: `reports ${most} ${capacity}`, quota }
    const whole = seededWhole(most)
    let now = 1_000_000
    const store = storeAt(used.redis, () => now)
    await store.begin(limit)
    const origin = now
    const paceMs = windowMs / most
    const full = capacity * 1000

    /** The places, the last request, and the tokens: as they would be if every request had come to the store. */
    interface Model {
      places: number[]
      last: number
      tokens: number
    }
    const models = new Map<string, Model>()
    const gone: string[] = []
    for (let report = 0; report < REPORTS / quotas.length; report++) {
      const userId = `user ${whole(3)}`
      const before = models.get(userId)
      const isNew = before === undefined
      const model: Model = before ?? { places: [], last: Number.NaN, tokens: 0 }
      models.set(userId, model)
      // A process decides for a while, at times for many windows, then tells.
      const user = new Unreported(userId)
      const start = now
      let least = model.tokens
      const pauseMs = [3, windowMs / most, windowMs / 3, 2 * windowMs][whole(4)] as number
      for (let request = whole(12); request >= 0; request--) {
        now += whole(Math.ceil(pauseMs)) + 1
        const [base, spent] = [whole(3), whole(20) === 0 ? 1 : 0]
        for (let place = 0; place < base; place++) {
          user.places.push(now)
          model.places.push(now)
        }
        if (capacity > 0) {
          user.note(now, paceMs)
          user.spent += spent
          if (Number.isNaN(model.last)) model.tokens = least = unseen(quota, now - origin)
          else model.tokens = earned(quota, model.tokens, now - model.last)
          if (user.first === now && !isNew) least = model.tokens
          model.tokens -= spent * 1000
        }
        model.last = now
      }
      now += whole(20)
      const { activity } = user.tell(now)
      if (capacity > 0) least = Math.min(full, least + activity.earnedMs * refillPerSecond) - activity.spent * 1000
      const verb = whole(4) === 0 ? 'peek' : 'report'
      if (verb === 'peek') {
        // It is told, and nothing is kept of it: the report does so.
        const peeked = await store.ask(limit, { verb, userId, a: 1, b: most, activity, usefulMs: 0 })
        expect(peeked.verdict).toMatch(/admitted|limit/)
      }
      const answer = await store.ask(limit, { verb: 'report', userId, a: 0, b: 0, activity, usefulMs: 0 })
      model.places = model.places.filter((place) => place > now - windowMs).slice(-(most + 64))
      const said = { report, took: now - start, user: userId }
      const ages = model.places.map((place) => ((now - place) * TICKS) / windowMs)
      expect({ ...said, ages: answer.record().ages }).toEqual({ ...said, ages })
      expect(answer.taken).toBe(ages.length)
      expect(answer.resetMs).toBeCloseTo(ages.length === 0 ? 0 : (model.places.at(-1) as number) + windowMs - now, 6)
      if (capacity > 0) {
        // All at once they earn and spend what they did one by one; less where the tokens were full in between.
        expect(answer.tokens).toBeLessThanOrEqual(model.tokens + 1e-6)
        expect(answer.tokens).toBeCloseTo(least, 6)
        model.tokens = answer.tokens
        expect(answer.record().idleMs).toBe(now - model.last)
      }
      // A decision that goes by it.
      const decided = await store.ask(limit, {
        verb: 'decide',
        userId,
        a: 1,
        b: most,
        activity: NO_ACTIVITY,
        usefulMs: 0,
      })
      const isFree = ages.length < most
      if (capacity === 0) expect(decided.verdict).toBe(isFree ? 'admitted' : 'limit')
      if (capacity > 0) {
        model.tokens = earned(quota, model.tokens, now - model.last)
        expect(decided.verdict).toBe(isFree || model.tokens >= 1000 ? 'admitted' : 'limit')
        if (!isFree && decided.verdict === 'admitted') model.tokens -= 1000
        expect(decided.tokens).toBeCloseTo(model.tokens, 6)
      }
      model.last = now
      if (decided.verdict === 'admitted' && isFree) model.places.push(now)
      if (whole(50) === 0) {
        await store.reset(limit, userId)
        models.delete(userId)
        gone.push(userId)
      }
    }
    expect(gone.length).toBeGreaterThan(5)
  })

  test('of two processes at once: the later one tells of requests before those that are known', async () => {
    const quota = { limit: 5, windowMs: 1000, capacity: 10, refillPerSecond: 1 }
    const limit: SharedLimit = { name: 'two at once', quota }
    let now = 2_000_000
    const store = storeAt(used.redis, () => now)
    await store.begin(limit)
    now += 20_000
    const [one, other] = [new Unreported('user'), new Unreported('user')]
    for (const [process, ago] of [
      [one, 900],
      [other, 800],
      [one, 100],
      [other, 300],
    ] as const) {
      process.note(now - ago, 200)
      process.places.push(now - ago)
    }
    const report = async (process: Unreported) => {
      const { activity } = process.tell(now)
      return store.ask(limit, { verb: 'report', userId: 'user', a: 0, b: 0, activity, usefulMs: 0 })
    }
    await report(one)
    const answer = await report(other)
    // In order of time, and the other's gap of 500 ms earns nothing, since the user asked in between.
    expect(answer.record()).toMatchObject({ ages: [900, 800, 300, 100].map((ms) => 30 * ms), idleMs: 100 })
    expect(answer.tokens).toBe(10_000)
  })

  test('a question that comes too late does nothing', async () => {
    const quota = { limit: 5, windowMs: 1000, capacity: 0, refillPerSecond: 0 }
    const limit: SharedLimit = { name: 'late', quota }
    const store = redisStore(used.redis as never)
    await store.begin(limit)
    const ask = (usefulMs: number) =>
      store.ask(limit, { verb: 'decide', userId: 'user', a: 1, b: 5, activity: NO_ACTIVITY, usefulMs })
    expect(await ask(60_000)).toMatchObject({ verdict: 'admitted', taken: 1 })
    expect(await ask(-60_000)).toMatchObject({ verdict: 'stale' })
    expect(await ask(60_000)).toMatchObject({ verdict: 'admitted' })
    // Windows pass by the server's time: no more than were asked in time.
    expect((await ask(60_000)).taken).toBeLessThanOrEqual(3)
  })
})
