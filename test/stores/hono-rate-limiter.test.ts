/** The store under hono-rate-limiter. What it has in common with the one for express-rate-limit is tested there. */
import type { Context } from 'hono'
import { Hono } from 'hono'
import type { ConfigProps } from 'hono-rate-limiter'
import { rateLimiter, webSocketLimiter } from 'hono-rate-limiter'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { manualClock } from '../../src/index.js'
import { SpillwayStore } from '../../src/stores/hono-rate-limiter.js'
import { expectExactAcrossEdge, statusesOf } from './support.js'

const clock = manualClock()
beforeEach(() => clock.set(0))

function storeOf(more = {}): SpillwayStore {
  return new SpillwayStore({ clock, sweepIntervalMs: 0, ...more })
}

const keyGenerator = (c: Context) => c.req.header('x-key') ?? 'a'

function serve(options: Partial<ConfigProps>) {
  const app = new Hono()
  app.use(rateLimiter({ windowMs: 1000, keyGenerator, ...options } as ConfigProps))
  app.get('/', (c) => c.text('handled', Number(c.req.header('x-status') ?? 200) as 200))
  app.get('/throws', () => {
    throw new Error('on purpose')
  })
  app.onError((_, c) => c.text('failed', 500))
  const ask = (headers: Record<string, string> = {}, path = '/') => app.request(path, { headers })
  const statuses = statusesOf(async (headers, path) => (await ask(headers, path)).status)
  return { ask, statuses }
}

test('a window has at most the limit across an edge, where the host lets twice as many pass', async () => {
  vi.useFakeTimers()
  try {
    const ours = serve({ limit: 5, store: storeOf({ clock: undefined }) })
    const theirs = serve({ limit: 5 })
    await expectExactAcrossEdge(ours.statuses, theirs.statuses)
  } finally {
    vi.useRealTimers()
  }
})

test('headers', async () => {
  const { ask } = serve({ limit: 1, windowMs: 10_000, standardHeaders: 'draft-7', store: storeOf() })
  expect((await ask()).headers.get('ratelimit')).toBe('limit=1, remaining=0, reset=10')
  clock.advance(2500)
  const denied = await ask()
  expect([denied.status, denied.headers.get('retry-after')]).toEqual([429, '8'])
})

test('skipFailedRequests: failures give their place back, and denied requests none', async () => {
  const { statuses } = serve({ limit: 2, skipFailedRequests: true, store: storeOf() })
  expect(await statuses(3, { 'x-status': '500' })).toEqual([500, 500, 500])
  expect(await statuses(3, {}, '/throws')).toEqual([500, 500, 500])
  expect(await statuses(5)).toEqual([200, 200, 429, 429, 429])
})

test('skipSuccessfulRequests: only failures count', async () => {
  const { statuses } = serve({ limit: 2, skipSuccessfulRequests: true, store: storeOf() })
  expect(await statuses(4)).toEqual([200, 200, 200, 200])
  expect(await statuses(3, { 'x-status': '401' })).toEqual([401, 401, 429])
})

test.each([
  ['at once', (c: Context) => Number(c.req.header('x-limit'))],
  ['by a promise', async (c: Context) => Number(c.req.header('x-limit'))],
])('a limit that is a function, wrapped, %s: denied requests take no place', async (_, limit) => {
  const store = storeOf()
  const { ask, statuses } = serve({ limit: store.limit(limit), store })
  expect(await statuses(4, { 'x-limit': '2' })).toEqual([200, 200, 429, 429])
  clock.advance(500)
  expect((await ask({ 'x-limit': '2' })).headers.get('retry-after')).toBe('1')
  expect(await statuses(2, { 'x-limit': '3' })).toEqual([200, 429])
  clock.advance(500)
  expect(await statuses(3, { 'x-limit': '3' })).toEqual([200, 200, 429])
})

test('many keys', async () => {
  const { statuses } = serve({ limit: 1, store: storeOf() })
  for (let i = 0; i < 200; i++) expect(await statuses(2, { 'x-key': `key-${i}` })).toEqual([200, 429])
})

test('the context resets a key', async () => {
  const app = new Hono<{ Variables: { rateLimitStore: { resetKey(key: string): void } } }>()
  app.use(rateLimiter({ windowMs: 1000, limit: 1, keyGenerator, store: storeOf() }) as never)
  app.get('/', (c) => {
    c.get('rateLimitStore').resetKey('a')
    return c.text('reset')
  })
  expect([(await app.request('/')).status, (await app.request('/')).status]).toEqual([200, 200])
})

test('a window that no limiter can have is an error when the middleware is made', () => {
  expect(() => serve({ windowMs: 0, store: storeOf() })).toThrow('windowMs must be a number from 1')
})

describe('webSocketLimiter', () => {
  test('messages are limited', async () => {
    const limit = webSocketLimiter({ windowMs: 1000, limit: 2, keyGenerator, store: storeOf() })
    const onMessage = vi.fn()
    const close = vi.fn()
    const c = { set: vi.fn(), req: { header: () => 'a' } }
    const events = await limit(() => ({ onMessage }))(c as never)
    for (let i = 0; i < 3; i++) await events.onMessage?.({ data: 'hello' } as never, { close } as never)
    expect([onMessage.mock.calls.length, close.mock.calls.length]).toEqual([2, 1])
  })
})
