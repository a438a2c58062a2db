/** The script in a real server, judged by the oracle: random traces on a time that is given to it. */
import { describe, expect, test } from 'vitest'
import type { SharedLimit } from '../../src/fleet/store.js'
import { NO_ACTIVITY } from '../../src/fleet/store.js'
import { manualClock } from '../../src/index.js'
import { storeAt } from './given-time.js'
import { hasRedis, useRedis } from './redis-servers.js'
import { judge, TRACE_QUOTAS } from './traces.js'

const DECISIONS = process.env.CI ? 1_000_000 : 40_000

describe.skipIf(!hasRedis)('the script', () => {
  const used = useRedis()

  test.each(TRACE_QUOTAS)('decides as the oracle does: %o', async (quota) => {
    const clock = manualClock(1_000_000)
    const store = storeAt(used.redis, clock)
    await judge(store, clock, quota, DECISIONS / TRACE_QUOTAS.length)
  })

  test.each([400, 3_600_000])(
    'a clock that is set back by %i ms gives nothing back early, and goes on',
    async (backMs) => {
      const quota = { limit: 3, windowMs: 1000, capacity: 0, refillPerSecond: 0 }
      const limit: SharedLimit = { name: `back-${backMs}`, quota }
      let now = 10_000_000
      const store = storeAt(used.redis, () => now)
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
