/** A new limit that is rolled out: processes of the old and of the new one share windows, on a real server. */
import { describe, expect, test } from 'vitest'
import { seededWhole } from '../../bench/seeded-random.js'
import { Oracle } from '../../src/cli/stress/oracle.js'
import { loadFleetLimiter } from '../../src/fleet/index.js'
import { manualClock } from '../../src/index.js'
import { expectSame } from '../support/same.js'
import { storeAt } from './given-time.js'
import { hasRedis, useRedis } from './redis-servers.js'

const WINDOW_MS = 1000
const REQUESTS = 3000

describe.skipIf(!hasRedis)('a new limit, process by process', () => {
  const used = useRedis()

  /** Requests of one user to processes of either limit at random: who admitted, and when. */
  async function rollOut(limits: readonly [number, number]) {
    const clock = manualClock(5000)
    const store = storeAt(used.redis, clock)
    const name = `rollout ${limits}`
    const processes = await Promise.all(
      limits.map((limit) =>
        loadFleetLimiter({ store, name, limit, windowMs: WINDOW_MS, processes: 2, clock, timeoutMs: 60_000 }),
      ),
    )
    const whole = seededWhole(limits[0])
    const requests: { time: number; limit: number; allowed: boolean }[] = []
    for (let request = 0; request < REQUESTS; request++) {
      // Bursts, and pauses of up to a window and a half.
      clock.advance(whole(100) > 0 ? whole(Math.ceil(WINDOW_MS / limits[1])) : whole(1.5 * WINDOW_MS))
      const limiter = processes[whole(2)]!
      const { allowed } = await limiter.check('user')
      requests.push({ time: clock() - 5000, limit: limiter.quota.limit, allowed })
    }
    for (const limiter of processes) limiter.close()
    return requests
  }

  test.each([
    [5, 8],
    [20, 64],
  ] as [number, number][])('%i and %i: each decides by its own, exactly', async (...limits) => {
    const oracle = new Oracle({ limit: Math.max(...limits), windowMs: WINDOW_MS, capacity: 0, refillPerSecond: 0 })
    const requests = await rollOut(limits)
    for (const { time, limit, allowed } of requests) {
      expectSame(allowed, oracle.decide('user', time, 1, limit).allowed, `at ${time} ms under ${limit}`)
    }
    expect(new Set(requests.map(({ limit, allowed }) => `${limit} ${allowed}`)).size).toBe(4)
  })

  test.each([
    [60, 200],
    [50, 1000],
  ] as [number, number][])(
    '%i and %i, of which one is written otherwise: nobody is admitted beyond its own',
    async (...limits) => {
      const admitted = (await rollOut(limits)).filter(({ allowed }) => allowed)
      let first = 0
      for (const [index, { time, limit }] of admitted.entries()) {
        while (admitted[first]!.time <= time - WINDOW_MS) first++
        const before = index - first
        if (before >= limit) expect(before, `at ${time} ms`).toBeLessThan(limit)
      }
      for (const limit of limits) expect(admitted.filter((own) => own.limit === limit).length).toBeGreaterThan(100)
    },
  )
})
