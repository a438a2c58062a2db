/** Hono: answers of every kind get the headers. The rest is in the conformance suite. */
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { rateLimit } from '../../../src/http/adapters/hono.js'
import { limiterOf } from '../support/limiter.js'

test('answers that are Responses, redirects, errors, and of no route', async () => {
  const app = new Hono()
  app.use(rateLimit({ limiter: limiterOf(9), key: () => 'a' }))
  app.get('/raw', () => new Response('raw', { headers: { 'X-Own': 'kept' } }))
  app.get('/redirect', () => Response.redirect('http://localhost/raw'))
  app.get('/error', () => {
    throw new Error('mine')
  })
  app.onError((_, c) => c.text('failed', 500))
  const seen = []
  for (const path of ['/raw', '/redirect', '/error', '/nowhere']) {
    const { status, headers } = await app.request(path)
    seen.push([status, headers.get('RateLimit'), headers.get('X-Own') ?? headers.get('Location')])
  }
  expect(seen).toEqual([
    [200, '"default";r=8;t=60', 'kept'],
    [302, '"default";r=7;t=60', 'http://localhost/raw'],
    [500, '"default";r=6;t=60', null],
    [404, '"default";r=5;t=60', null],
  ])
})

test('the context has the variables and bindings of the app', async () => {
  type Env = { Bindings: { PLAN: string }; Variables: { user: string } }
  const app = new Hono<Env>()
  app.use(async (c, next) => {
    c.set('user', 'a')
    await next()
  })
  app.use(
    rateLimit<Env>({ limiter: limiterOf(9), key: (c) => c.get('user'), limit: (c) => (c.env.PLAN === 'free' ? 1 : 9) }),
  )
  app.get('/', (c) => c.text('hello'))
  const statuses = []
  for (const PLAN of ['free', 'free', 'paid']) statuses.push((await app.request('/', {}, { PLAN })).status)
  expect(statuses).toEqual([200, 429, 200])
})

test('of two limits on a request the headers of the inner one remain', async () => {
  const app = new Hono()
  const key = () => 'a'
  app.use(rateLimit({ name: 'outer', limiter: limiterOf(3), key }))
  app.use('/limited/*', rateLimit({ name: 'inner', limiter: limiterOf(1), key }))
  const shared = new Response(null, { status: 204 })
  app.get('*', () => shared)
  const seen = []
  for (const path of ['/', '/limited/', '/limited/', '/limited/']) {
    const { status, headers } = await app.request(path)
    seen.push([status, headers.get('RateLimit'), headers.get('Retry-After')])
  }
  expect(seen).toEqual([
    [204, '"outer";r=2;t=60', null],
    [204, '"inner";r=0;t=60', null],
    [429, '"inner";r=0;t=60', '60'],
    [429, '"outer";r=0;t=60', '60'],
  ])
})

test('answers of fetch get the headers, beside their own', async () => {
  const upstream = new Hono()
  upstream.get('/', (c) => {
    c.header('Set-Cookie', 'one=1', { append: true })
    c.header('Set-Cookie', 'two=2', { append: true })
    return c.text('far')
  })
  const server = serve({ fetch: upstream.fetch, hostname: '127.0.0.1', port: 0 })
  const app = new Hono()
  app.use(rateLimit({ limiter: limiterOf(9), key: () => 'a' }))
  await new Promise((resolve) => server.once('listening', resolve))
  app.get('/', () => fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`))
  const response = await app.request('/')
  expect([await response.text(), response.headers.get('RateLimit')]).toEqual(['far', '"default";r=8;t=60'])
  expect(response.headers.getSetCookie()).toEqual(['one=1', 'two=2'])
  server.close()
})
