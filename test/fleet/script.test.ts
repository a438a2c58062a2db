/** The script in a real server, judged by the oracle: random traces on a time that is given to it. */
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { senderOf } from '../../src/fleet/redis/clients.js'
import { RedisStore } from '../../src/fleet/redis/redis-store.js'
import { timedScript } from '../../src/fleet/redis/script.js'
import { manualClock } from '../../src/index.js'
import type { RedisServer } from './redis-servers.js'
import { hasRedis, startRedis } from './redis-servers.js'
import { judge, TRACE_QUOTAS } from './traces.js'

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

  test.each(TRACE_QUOTAS)('decides as the oracle does: %o', async (quota) => {
    const clock = manualClock(1_000_000)
    const store = new RedisStore(senderOf(redis as never), timedScript, () => clock() * 1000)
    await judge(store, clock, quota, DECISIONS / TRACE_QUOTAS.length)
  })
})
