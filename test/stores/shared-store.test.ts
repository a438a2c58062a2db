/** The store of a fleet, in the real hosts, over a real server: two processes' worth of it count together. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { rateLimit } from 'express-rate-limit'
import { Hono } from 'hono'
import { rateLimiter } from 'hono-rate-limiter'
import { describe, expect, test } from 'vitest'
import { loadFleetLimiter, redisStore } from '../../src/fleet/index.js'
import { createLimiter } from '../../src/index.js'
import { SharedSpillwayStore } from '../../src/stores/express-rate-limit.js'
import { hasRedis, useRedis } from '../fleet/redis-servers.js'

const WINDOW_MS = 60_000

describe.skipIf(!hasRedis)('the store of a fleet', () => {
  const used = useRedis()
  let names = 0

  const load = (name: string) =>
    loadFleetLimiter({
      store: redisStore(used.redis),
      name,
      limit: 3,
      windowMs: WINDOW_MS,
      processes: 2,
      timeoutMs: 60_000,
    })

  test('shutdown forgets the denials of this process, and closes nothing', async () => {
    const store = new SharedSpillwayStore(await load(`shutdown ${++names}`))
    store.init({ windowMs: WINDOW_MS, limit: 1 })
    await store.increment('a')
    await store.increment('a')
    expect(await store.increment('a')).toMatchObject({ totalHits: 3 })
    store.shutdown()
    store.shutdown()
    expect(await store.increment('a')).toMatchObject({ totalHits: 2 })
  })

  test('in express-rate-limit: two apps share the limit, and failed requests are undone', async () => {
    const name = `express ${++names}`
    const apps = await Promise.all(
      [1, 2].map(async () => {
        const app = express()
        const store = new SharedSpillwayStore(await load(name), { prefix: 'ip:' })
        app.use(rateLimit({ windowMs: WINDOW_MS, limit: 3, store, skipFailedRequests: true, keyGenerator: () => 'a' }))
        app.get('/', (_, response) => void response.send('done'))
        app.get('/broken', (_, response) => void response.status(500).send('broken'))
        const listening = app.listen(0, '127.0.0.1')
        await once(listening, 'listening')
        return { listening, url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}` }
      }),
    )
    const statuses: number[] = []
    const ask = async (app: number, path = '/') => {
      const { status, headers } = await fetch(`${apps[app]!.url}${path}`)
      statuses.push(status)
      return headers
    }
    await ask(0, '/broken')
    await ask(0)
    await ask(1)
    const headers = await ask(0)
    expect(headers.get('x-ratelimit-remaining')).toBe('0')
    const denied = await ask(1)
    await ask(0)
    expect(statuses).toEqual([500, 200, 200, 200, 429, 429])
    expect(Number(denied.get('retry-after'))).toBeGreaterThan(50)
    expect(Number(denied.get('retry-after'))).toBeLessThanOrEqual(60)
    for (const { listening } of apps) listening.close()
  })

  test('in hono-rate-limiter', async () => {
    const store = new SharedSpillwayStore(await load(`hono ${++names}`))
    const app = new Hono()
    app.use(rateLimiter({ windowMs: WINDOW_MS, limit: 2, keyGenerator: () => 'a', store }))
    app.get('/', (c) => c.text('done'))
    const statuses: number[] = []
    for (let asked = 0; asked < 3; asked++) statuses.push((await app.request('/')).status)
    expect(statuses).toEqual([200, 200, 429])
    expect(await store.get('a')).toMatchObject({ totalHits: 3 })
    await store.resetKey('a')
    expect(await store.get('a')).toBeUndefined()
  })

  test('a denied request that is undone gives no place back', async () => {
    const store = new SharedSpillwayStore(await load(`undo ${++names}`))
    store.init({ windowMs: WINDOW_MS, limit: 1 })
    expect((await store.increment('a')).totalHits).toBe(1)
    expect((await store.increment('a')).totalHits).toBe(2)
    await store.decrement('a')
    expect((await store.increment('a')).totalHits).toBe(2)
    await store.decrement('a')
    await store.decrement('a')
    expect((await store.increment('a')).totalHits).toBe(1)
  })

  test('a window or a limit that is not the limiter’s', async () => {
    const store = new SharedSpillwayStore(await load(`wrong ${++names}`))
    expect(() => store.init({ windowMs: 1000, limit: 1 })).toThrow(
      /windowMs must be that of the limiter, 60000, not 1000/,
    )
    expect(() => store.init({ windowMs: WINDOW_MS, limit: 4 })).toThrow(
      /limit must be from 0 to that of the limiter, 3/,
    )
    expect(() => store.init({ windowMs: WINDOW_MS, limit: () => 3 })).toThrow(TypeError)
    expect(() => new SharedSpillwayStore({} as never)).toThrow(/limiter must be one of loadFleetLimiter/)
    expect(() => new SharedSpillwayStore(createLimiter() as never, { prefix: 1 } as never)).toThrow(/prefix/)
  })
})
