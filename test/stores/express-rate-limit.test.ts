/** The store under express-rate-limit, on a real server. */
import type { RequestListener, Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import type { Options } from 'express-rate-limit'
import { rateLimit } from 'express-rate-limit'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { manualClock } from '../../src/index.js'
import { SpillwayStore } from '../../src/stores/express-rate-limit.js'
import { expectExactAcrossEdge, statusesOf } from './support.js'

const clock = manualClock()
const servers: Server[] = []

beforeEach(() => clock.set(0))
afterEach(async () => {
  vi.useRealTimers()
  await Promise.all(
    servers.splice(0).map((server) => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    }),
  )
})

function storeOf(more = {}): SpillwayStore {
  return new SpillwayStore({ clock, sweepIntervalMs: 0, ...more })
}

/** A server that answers with the status that the request asks for; gives a function that asks it. */
async function serve(options: Partial<Options>, routes: Record<string, Partial<Options>> = {}) {
  const app = express()
  app.set('env', 'test')
  const keyGenerator: Options['keyGenerator'] = (req) => String(req.headers['x-key'] ?? 'a')
  for (const [path, own] of Object.entries(routes)) {
    app.get(path, rateLimit({ windowMs: 1000, keyGenerator, ...own }), (_req, res) => void res.send('route'))
  }
  app.use(rateLimit({ windowMs: 1000, keyGenerator, standardHeaders: 'draft-6', ...options }))
  app.get('/', (req, res) => void res.status(Number(req.headers['x-status'] ?? 200)).send('handled'))
  const server = createServer(app as RequestListener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const ask = (headers: Record<string, string> = {}, path = '/') =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers })
  const statuses = statusesOf(async (headers, path) => (await ask(headers, path)).status)
  return { ask, statuses }
}

describe('exactness', () => {
  test('a window has at most the limit across an edge, where the host lets twice as many pass', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'performance'] })
    const ours = await serve({ limit: 5, store: storeOf({ clock: undefined }) })
    const theirs = await serve({ limit: 5 })
    await expectExactAcrossEdge(ours.statuses, theirs.statuses)
  })

  test('denied requests take no place: a client that never stops gets its limit in every window', async () => {
    const { statuses } = await serve({ limit: 2, store: storeOf() })
    const perWindow: number[] = []
    for (let window = 0; window < 4; window++) {
      let admitted = 0
      for (let i = 0; i < 10; i++) {
        admitted += (await statuses(1))[0] === 200 ? 1 : 0
        clock.advance(100)
      }
      perWindow.push(admitted)
    }
    expect(perWindow).toEqual([2, 2, 2, 2])
  })

  test('headers: what remains, and a Retry-After that is neither early nor above the window', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { ask } = await serve({ limit: 1, windowMs: 10_000, store: storeOf() })
    const first = await ask()
    expect([first.headers.get('ratelimit-remaining'), first.headers.get('ratelimit-reset')]).toEqual(['0', '10'])
    clock.advance(2500)
    const denied = await ask()
    expect([denied.status, denied.headers.get('retry-after')]).toEqual([429, '8'])
    clock.advance(7500)
    expect((await ask()).status).toBe(200)
  })

  test('a limit of 0 denies everything', async () => {
    const { ask } = await serve({ limit: 0, store: storeOf(), validate: { limit: false } })
    const answer = await ask()
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '1'])
  })

  test('many keys, each with its own hits', async () => {
    const { statuses } = await serve({ limit: 2, store: storeOf() })
    const all: number[][] = []
    for (let i = 0; i < 50; i++) all.push(await statuses(3, { 'x-key': `key-${i}` }))
    expect(new Set(all.map(String))).toEqual(new Set(['200,200,429']))
  })

  test('routes have limits of their own', async () => {
    const { statuses } = await serve(
      { limit: 3, store: storeOf() },
      { '/one': { limit: 1, store: storeOf() }, '/two': { limit: 2, windowMs: 5000, store: storeOf() } },
    )
    expect(await statuses(2, {}, '/one')).toEqual([200, 429])
    expect(await statuses(3, {}, '/two')).toEqual([200, 200, 429])
    clock.advance(1000)
    expect([await statuses(1, {}, '/one'), await statuses(1, {}, '/two')]).toEqual([[200], [429]])
    expect(await statuses(4)).toEqual([200, 200, 200, 429])
  })
})

describe('a limit that is a function', () => {
  const limit: Options['limit'] = (req) => Number(req.headers['x-limit'])

  test.each([
    ['at once', limit],
    ['by a promise', async (req: express.Request) => Number(req.headers['x-limit'])],
  ])('wrapped, %s: denied requests take no place', async (_, limit) => {
    const store = storeOf()
    const { ask, statuses } = await serve({ limit: store.limit(limit as (req: express.Request) => number), store })
    expect(await statuses(3, { 'x-limit': '2' })).toEqual([200, 200, 429])
    expect(await statuses(2, { 'x-limit': '3' })).toEqual([200, 429])
    clock.advance(999)
    expect(await statuses(5, { 'x-limit': '3' })).toEqual([429, 429, 429, 429, 429])
    clock.advance(1)
    expect(await statuses(4, { 'x-limit': '3' })).toEqual([200, 200, 200, 429])
    expect((await ask({ 'x-limit': '3' })).headers.get('retry-after')).toBe('1')
  })

  test('wrapped: concurrent requests are judged each by its own', async () => {
    const store = storeOf()
    const { ask } = await serve({ limit: store.limit(limit as never), store })
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        const { status } = await ask({ 'x-key': `key-${i % 4}`, 'x-limit': String((i % 4) + 1) })
        return { key: i % 4, status }
      }),
    )
    const admitted = [0, 1, 2, 3].map((key) => answers.filter((each) => each.key === key && each.status === 200).length)
    expect(admitted).toEqual([1, 2, 3, 4])
  })

  test('not wrapped: no window admits more, denied requests count too, and a warning says so once', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const { statuses } = await serve({ limit, store: storeOf() })
    await serve({ limit, store: storeOf() })
    expect(warn.mock.calls.map(String)).toEqual([expect.stringMatching(/^SPILLWAY_LIMIT_FUNCTION: .*store\.limit/)])
    warn.mockRestore()
    expect(await statuses(3, { 'x-limit': '2' })).toEqual([200, 200, 429])
    clock.advance(900)
    expect(await statuses(1, { 'x-limit': '2' })).toEqual([429])
    clock.advance(100)
    expect(await statuses(2, { 'x-limit': '2' })).toEqual([200, 429])
  })
})

describe('decrement', () => {
  test('skipSuccessfulRequests: only failures count', async () => {
    const { statuses } = await serve({ limit: 2, skipSuccessfulRequests: true, store: storeOf() })
    expect(await statuses(5)).toEqual([200, 200, 200, 200, 200])
    expect(await statuses(3, { 'x-status': '401' })).toEqual([401, 401, 429])
    expect(await statuses(1)).toEqual([429])
  })

  test('skipFailedRequests: denied requests, which fail too, give no place back', async () => {
    const { statuses } = await serve({ limit: 2, skipFailedRequests: true, store: storeOf() })
    expect(await statuses(3, { 'x-status': '500' })).toEqual([500, 500, 500])
    expect(await statuses(2)).toEqual([200, 200])
    expect(await statuses(5)).toEqual([429, 429, 429, 429, 429])
    clock.advance(1000)
    expect(await statuses(3)).toEqual([200, 200, 429])
  })

  test('a success that the service defines itself wins no place back for denied requests', async () => {
    const { statuses } = await serve({
      limit: 2,
      skipSuccessfulRequests: true,
      requestWasSuccessful: (_req, res) => res.statusCode !== 401,
      store: storeOf(),
    })
    expect(await statuses(2, { 'x-status': '401' })).toEqual([401, 401])
    expect(await statuses(5, { 'x-status': '401' })).toEqual([429, 429, 429, 429, 429])
  })
})

describe('the contract', () => {
  function initialised(limit: unknown = 3): SpillwayStore {
    const store = storeOf()
    store.init({ windowMs: 1000, limit })
    return store
  }
  const hits = (store: SpillwayStore, key = 'a') => store.increment(key).totalHits

  test('hits go on beyond the limit, and get tells them', () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const store = initialised(2)
    expect(store.get('a')).toBeUndefined()
    expect([hits(store), hits(store), hits(store), hits(store)]).toEqual([1, 2, 3, 4])
    clock.advance(400)
    expect(store.get('a')).toEqual({ totalHits: 4, resetTime: new Date(Date.now() + 600) })
    clock.advance(600)
    expect(store.get('a')).toBeUndefined()
  })

  test('resetKey, resetAll', () => {
    const store = initialised()
    for (const key of ['a', 'b', 'c']) hits(store, key)
    store.resetKey('a')
    expect([hits(store, 'a'), hits(store, 'b')]).toEqual([1, 2])
    store.resetAll()
    expect([hits(store, 'a'), hits(store, 'b')]).toEqual([1, 1])
  })

  test('the middleware tells of a key, and resets it', async () => {
    const store = storeOf()
    const middleware = rateLimit({ limit: 1, store })
    hits(store)
    expect(await middleware.getKey('a')).toMatchObject({ totalHits: 1 })
    middleware.resetKey('a')
    expect(await middleware.getKey('a')).toBeUndefined()
  })

  test('decrement never goes below 0', () => {
    const store = initialised()
    hits(store)
    store.decrement('a')
    store.decrement('a')
    expect(hits(store)).toBe(1)
  })

  test('keys are local, and have the prefix', () => {
    const store = storeOf({ prefix: 'login:' })
    expect([store.localKeys, store.prefix]).toEqual([true, 'login:'])
    store.init({ windowMs: 1000, limit: 1 })
    expect([hits(store), hits(store), hits(store, 'b')]).toEqual([1, 2, 1])
  })

  test('shutdown closes; the store then serves another limiter', () => {
    const store = initialised()
    store.shutdown()
    store.shutdown()
    expect(() => hits(store)).toThrow('The store is shut down, or its init has failed')
    store.init({ windowMs: 5000, limit: 1 })
    expect(hits(store)).toBe(1)
  })

  test('a second limiter is an error, and then all hits count, so that neither admits too many', () => {
    const store = initialised(1)
    expect(() => store.init({ windowMs: 1000, limit: 10 })).toThrow('A SpillwayStore serves one limiter')
    expect([hits(store), hits(store), hits(store)]).toEqual([1, 2, 3])
  })

  test('options that are not accepted', () => {
    expect(() => new SpillwayStore({ max: 5 } as object)).toThrow(
      'options: there is no option "max"; there are maxUsers, onFull, sweepIntervalMs, clock, module, prefix',
    )
    expect(() => new SpillwayStore({ maxUsers: 0 })).toThrow(RangeError)
    expect(() => new SpillwayStore({ prefix: 5 as never })).toThrow('prefix must be a string, not 5')
    expect(() => storeOf().init({ windowMs: 0, limit: 1 })).toThrow('windowMs must be a number from 1')
    expect(() => storeOf().init({ windowMs: 1000, limit: '5' })).toThrow('limit must be a number')
  })

  test('a store that has none of it fails each request, rather than let it pass', async () => {
    const logger = { error: vi.fn(), warn: vi.fn() }
    const { statuses } = await serve({ windowMs: -1, limit: 1, store: storeOf(), logger })
    expect(await statuses(2)).toEqual([500, 500])
    expect(String(logger.error.mock.calls[0]?.[0])).toContain('windowMs must be a number from 1')
  })

  test('onFull is for newcomers: denied ones are above the limit', () => {
    const store = storeOf({ maxUsers: 1, onFull: 'deny' })
    store.init({ windowMs: 1000, limit: 5 })
    expect([hits(store, 'a'), hits(store, 'b')]).toEqual([1, 6])
  })
})
