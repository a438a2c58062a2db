/** What users cost the store: by the server's own count of commands. */
import { describe, expect, test } from 'vitest'
import { loadFleetLimiter, redisStore } from '../../src/fleet/index.js'
import { manualClock } from '../../src/index.js'
import { expectSame } from '../support/same.js'
import { hasRedis, useRedis } from './redis-servers.js'

describe.skipIf(!hasRedis)('calls to the store', () => {
  const used = useRedis()

  async function scripts(): Promise<number> {
    const stats = await used.redis.info('commandstats')
    return (
      Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0) +
      Number(/cmdstat_eval:calls=(\d+)/.exec(stats)?.[1] ?? 0)
    )
  }

  test('a user far below the limit costs none, however long it goes on', async () => {
    const clock = manualClock()
    const limiter = await loadFleetLimiter({
      store: redisStore(used.redis),
      name: 'sparse',
      limit: 50,
      windowMs: 1000,
      processes: 8,
      clock,
    })
    const before = await scripts()
    // Three a window in this process: below half the allowance of 7.
    for (let window = 0; window < 20; window++) {
      for (let user = 0; user < 500; user++) {
        for (let request = 0; request < 3; request++) expectSame(limiter.isAllowed(`user ${user}`), true)
      }
      clock.advance(1001)
    }
    await used.redis.ping()
    expect([await scripts(), limiter.stats().asked]).toEqual([before, 0])
    limiter.close()
  })

  test('one above it costs one for half the allowance', async () => {
    const clock = manualClock()
    const limiter = await loadFleetLimiter({
      store: redisStore(used.redis),
      name: 'busy',
      limit: 50,
      windowMs: 1000,
      processes: 8,
      clock,
    })
    const before = await scripts()
    for (let request = 0; request < 400; request++) {
      limiter.isAllowed('user')
      // Reports are answered before the next request.
      await used.redis.ping()
      await new Promise((resolve) => setImmediate(resolve))
      clock.advance(5)
    }
    const { allowed, asked } = limiter.stats()
    expect(await scripts()).toBe(before + asked)
    expect(allowed).toBeGreaterThanOrEqual(50)
    expect(asked).toBeLessThanOrEqual(Math.ceil(allowed / 4))
    limiter.close()
  })
})
