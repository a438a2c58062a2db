/** The store under @fastify/rate-limit. */
import type { RateLimitPluginOptions } from '@fastify/rate-limit'
import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, RouteShorthandOptions } from 'fastify'
import fastify from 'fastify'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { manualClock } from '../../src/index.js'
import { SpillwayStore } from '../../src/stores/fastify-rate-limit.js'
import { expectExactAcrossEdge, statusesOf } from './support.js'

const clock = manualClock()
const apps: FastifyInstance[] = []

beforeEach(() => clock.set(0))
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()))
})

const store = SpillwayStore.with({ clock, sweepIntervalMs: 0 })

async function serve(options: object, routes: Record<string, RouteShorthandOptions> = { '/': {} }) {
  const app = fastify()
  apps.push(app)
  await app.register(rateLimit, {
    timeWindow: 1000,
    keyGenerator: (request) => String(request.headers['x-key'] ?? 'a'),
    ...options,
  } as RateLimitPluginOptions)
  for (const [path, route] of Object.entries(routes)) app.get(path, route, () => 'handled')
  const ask = (headers: Record<string, string> = {}, url = '/') => app.inject({ url, headers })
  const statuses = statusesOf(async (headers, path) => (await ask(headers, path)).statusCode)
  return { app, ask, statuses }
}

describe('exactness', () => {
  test('a window has at most the limit across an edge, where the host lets twice as many pass', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] })
    try {
      const ours = await serve({ max: 5, store: SpillwayStore })
      const theirs = await serve({ max: 5 })
      await expectExactAcrossEdge(ours.statuses, theirs.statuses)
    } finally {
      vi.useRealTimers()
    }
  })

  test('headers', async () => {
    const { ask } = await serve({ max: 1, timeWindow: '10 seconds', store })
    const first = await ask()
    expect([first.headers['x-ratelimit-remaining'], first.headers['x-ratelimit-reset']]).toEqual(['0', '10'])
    clock.advance(2500)
    const denied = await ask()
    expect([denied.statusCode, denied.headers['retry-after']]).toEqual([429, '8'])
    expect(denied.json()).toMatchObject({ message: 'Rate limit exceeded, retry in 8 seconds' })
    clock.advance(7500)
    expect((await ask()).statusCode).toBe(200)
  })

  test('a max of 0 denies everything', async () => {
    const { statuses } = await serve({ max: 0, store })
    expect(await statuses(2)).toEqual([429, 429])
  })

  test('many keys, numbers among them', async () => {
    const { statuses } = await serve({
      max: 2,
      store,
      keyGenerator: (request: { headers: Record<string, string> }) => Number(request.headers['x-key']),
    })
    for (let i = 0; i < 200; i++) expect(await statuses(3, { 'x-key': `${i}` })).toEqual([200, 200, 429])
  })
})

describe('routes', () => {
  test('those with options of their own count on their own', async () => {
    const { statuses } = await serve(
      { max: 3, store },
      {
        '/': {},
        '/same': {},
        '/one': { config: { rateLimit: { max: 1 } } },
        '/slow': { config: { rateLimit: { max: 1, timeWindow: 5000 } } },
        '/free': { config: { rateLimit: false } },
      },
    )
    expect(await statuses(2, {}, '/')).toEqual([200, 200])
    expect(await statuses(2, {}, '/same')).toEqual([200, 429])
    expect(await statuses(2, {}, '/one')).toEqual([200, 429])
    expect(await statuses(2, {}, '/slow')).toEqual([200, 429])
    expect(await statuses(5, {}, '/free')).toEqual([200, 200, 200, 200, 200])
    clock.advance(1000)
    expect([await statuses(1, {}, '/one'), await statuses(1, {}, '/slow')]).toEqual([[200], [429]])
  })

  test('max and timeWindow that are functions: each request is judged by its own, denied ones take no place', async () => {
    const numberIn = (name: string) => (request: { headers: Record<string, string> }) => Number(request.headers[name])
    const { statuses } = await serve({ max: numberIn('x-max'), timeWindow: numberIn('x-window'), store })
    expect(await statuses(4, { 'x-max': '2', 'x-window': '1000' })).toEqual([200, 200, 429, 429])
    expect(await statuses(2, { 'x-max': '3', 'x-window': '1000' })).toEqual([200, 429])
    expect(await statuses(2, { 'x-max': '1', 'x-window': '3000' })).toEqual([200, 429])
    clock.advance(1000)
    expect(await statuses(3, { 'x-max': '2', 'x-window': '1000' })).toEqual([200, 200, 429])
    expect(await statuses(1, { 'x-max': '1', 'x-window': '3000' })).toEqual([429])
  })

  test('a window that is another for every request is an error, and no request passes', async () => {
    let windows = 1000
    const { statuses, ask } = await serve({ max: 1, timeWindow: () => windows++, store })
    expect(new Set(await statuses(100))).toEqual(new Set([200]))
    const answer = await ask()
    expect([answer.statusCode, answer.json().message]).toEqual([
      500,
      expect.stringContaining('timeWindow must not be another for every request'),
    ])
  })
})

describe('what becomes of those who go on', () => {
  test('ban', async () => {
    const { statuses } = await serve({ max: 2, ban: 2, store })
    expect(await statuses(6)).toEqual([200, 200, 429, 429, 403, 403])
    clock.advance(1000)
    expect(await statuses(1)).toEqual([200])
  })

  test('continueExceeding: each denied request starts the wait anew', async () => {
    const { ask, statuses } = await serve({ max: 1, continueExceeding: true, store })
    expect(await statuses(1)).toEqual([200])
    for (let i = 0; i < 5; i++) {
      clock.advance(900)
      const denied = await ask()
      expect([denied.statusCode, denied.headers['retry-after']]).toEqual([429, '1'])
    }
    clock.advance(999)
    expect(await statuses(1)).toEqual([429])
    clock.advance(1000)
    expect(await statuses(2)).toEqual([200, 429])
  })

  test('exponentialBackoff: each denied request doubles the wait, and it is true', async () => {
    const { ask, statuses } = await serve({ max: 1, exponentialBackoff: true, store })
    expect(await statuses(1)).toEqual([200])
    const waits: unknown[] = []
    for (let i = 0; i < 4; i++) waits.push((await ask()).headers['retry-after'])
    expect(waits).toEqual(['1', '2', '4', '8'])
    clock.advance(7999)
    expect((await ask()).headers['retry-after']).toBe('16')
    clock.advance(16_000)
    expect(await statuses(1)).toEqual([200])
    // Admitted: the count of denied requests starts anew.
    expect((await ask()).headers['retry-after']).toBe('1')
  })

  test('exponentialBackoff and ban count more slowly than the window', async () => {
    const { ask } = await serve({ max: 1, exponentialBackoff: true, ban: 2, store })
    await ask()
    const answers: unknown[] = []
    for (const wait of [0, 500, 1500, 3500]) {
      clock.advance(wait)
      const { statusCode, headers } = await ask()
      answers.push([statusCode, headers['retry-after']])
    }
    expect(answers).toEqual([
      [429, '1'],
      [429, '2'],
      [403, '4'],
      [403, '8'],
    ])
  })
})

test('createRateLimit reads without counting', async () => {
  const { app } = await serve({ max: 2, global: false, store }, {})
  const check = app.createRateLimit()
  app.get('/read', async (request) => check(request, { increment: false }))
  app.get('/count', async (request) => check(request))
  const ask = async (url: string) => (await app.inject(url)).json()
  expect(await ask('/read')).toMatchObject({ remaining: 2, isExceeded: false, ttl: 0 })
  await ask('/count')
  expect(await ask('/read')).toMatchObject({ remaining: 1, isExceeded: false, ttl: 1000 })
  await ask('/count')
  expect(await ask('/count')).toMatchObject({ remaining: 0, isExceeded: true, ttl: 1000 })
  expect(await ask('/read')).toMatchObject({ remaining: 0, isExceeded: true })
})

test('reading after a block has ended tells that the next request is admitted', async () => {
  for (const more of [{ continueExceeding: true }, { exponentialBackoff: true }, {}]) {
    clock.set(0)
    const { app } = await serve({ max: 1, global: false, store, ...more }, {})
    const check = app.createRateLimit()
    const request = { headers: {}, routeOptions: {} } as never
    const read = () => check(request, { increment: false })
    const count = () => check(request)
    await count()
    clock.advance(500)
    await count()
    expect(await read()).toMatchObject({ remaining: 0, isExceeded: true })
    clock.advance(1000)
    expect(await read()).toMatchObject({ remaining: 1, isExceeded: false, ttl: 0 })
    expect(await count()).toMatchObject({ isExceeded: false })
  }
})

test('exponentialBackoff without end: what hosts are told stays a number', () => {
  const ttls: (number | undefined)[] = []
  const endless = new store({ exponentialBackoff: true })
  for (let i = 0; i < 70; i++) endless.incr('a', (_, result) => ttls.push(result?.ttl), 60_000, 1)
  expect(ttls.at(-1)).toBe(Number.MAX_SAFE_INTEGER)
  endless.read('a', (_, result) => ttls.push(result?.ttl), 60_000, 1)
  expect(ttls.at(-1)).toBe(Number.MAX_SAFE_INTEGER)
})

test('a key that is none is an error; skipOnError lets it pass', async () => {
  const keyGenerator = () => undefined
  const { ask } = await serve({ max: 1, store, keyGenerator })
  expect((await ask()).json()).toMatchObject({ statusCode: 500, message: 'userId must be a string, not undefined' })
  const lenient = await serve({ max: 1, store, keyGenerator, skipOnError: true })
  expect(await lenient.statuses(2)).toEqual([200, 200])
})

test('options that are not accepted', () => {
  expect(() => SpillwayStore.with({ cache: 5 } as object)).toThrow(
    'options: there is no option "cache"; there are maxUsers',
  )
  expect(() => SpillwayStore.with({ maxUsers: 0.5 })).toThrow(RangeError)
  const answers: unknown[] = []
  const answer = (error: Error | null) => answers.push(error?.message)
  new store({}).incr('a', answer, Number.NaN, 1)
  new store({}).incr('a', answer, 1000, 'many' as never)
  expect(answers).toEqual([
    'timeWindow must be a number from 0 to Infinity, not NaN',
    expect.stringContaining('max must be a number'),
  ])
})

test('closed, it answers with an error', () => {
  const closed = new SpillwayStore({ timeWindow: 1000 })
  closed.close()
  const answer = vi.fn()
  closed.incr('a', answer, 1000, 1)
  expect(answer.mock.calls).toEqual([[new Error('The limiter is closed')]])
})
