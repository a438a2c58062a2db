/** Limits for web requests: with a handler and without one. */
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { guard } from '../../src/http/index.js'
import { limiterOf } from './support/limiter.js'

const warn = vi.spyOn(console, 'warn')

beforeEach(() => void warn.mockReset().mockImplementation(() => {}))

function requestOf(user = 'a') {
  return new Request('http://localhost/', { headers: { 'x-user': user } })
}

const key = (request: Request) => request.headers.get('x-user')

describe('with a handler', () => {
  test('answers itself, with headers, and denies with a problem', async () => {
    const serve = guard({ limiter: limiterOf(1), key }, () => new Response('hello', { status: 201 }))
    const passed = await serve(requestOf())
    expect([passed.status, await passed.text()]).toEqual([201, 'hello'])
    expect(passed.headers.get('RateLimit')).toBe('"default";r=0;t=60')
    const denied = await serve(requestOf())
    expect(denied.status).toBe(429)
    expect(denied.headers.get('Content-Type')).toBe('application/problem+json')
    expect(denied.headers.get('RateLimit')).toBe('"default";r=0;t=60')
    expect(denied.headers.get('Retry-After')).toBe('60')
    expect(await denied.json()).toEqual({
      type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
      title: 'Request cannot be satisfied as assigned quota has been exceeded',
      status: 429,
      'violated-policies': ['default'],
    })
    expect((await serve(requestOf('b'))).status).toBe(201)
  })

  test('passes on what else the platform gives', async () => {
    const serve = guard(
      { limiter: limiterOf(1), key: (_: Request, info: { remote: string }) => info.remote },
      (_, { remote }) => new Response(remote),
    )
    const statuses = []
    for (const remote of ['x', 'x', 'y']) statuses.push((await serve(requestOf(), { remote })).status)
    expect(statuses).toEqual([200, 429, 200])
  })

  test('has a parameter: Deno.serve gives nothing to a function without one', () => {
    expect(guard({ limiter: limiterOf(1), key: () => 'a' }, () => new Response('')).length).toBeGreaterThan(0)
  })

  test('an error of the handler is its own', async () => {
    const limiter = limiterOf(1)
    const serve = guard({ limiter, key, countOnly: 'failed' }, () => Promise.reject(new Error('mine')))
    await expect(serve(requestOf())).rejects.toThrow('mine')
    expect(limiter.peek('a').allowed).toBe(false)
  })

  test('countOnly', async () => {
    const serve = guard(
      { limiter: limiterOf(1), key, countOnly: 'failed' },
      (request) => new Response(null, { status: request.method === 'POST' ? 401 : 204 }),
    )
    const statuses = []
    for (const method of ['GET', 'GET', 'POST', 'POST']) {
      statuses.push((await serve(new Request(requestOf(), { method }))).status)
    }
    expect(statuses).toEqual([204, 204, 401, 429])
  })
})

describe('without a handler', () => {
  test('tells at once, and finishes an answer', () => {
    const limit = guard({ limiter: limiterOf(1), key })
    const first = limit(requestOf())
    if ('then' in first) expect.fail('not there at once')
    expect(first.response).toBeUndefined()
    expect(first.verdict?.allowed).toBe(true)
    expect(Object.fromEntries(first.headers)).toMatchObject({ ratelimit: '"default";r=0;t=60' })
    const answer = new Response('x')
    expect(first.finish(answer)).toBe(answer)
    expect(answer.headers.get('RateLimit')).toBe('"default";r=0;t=60')
  })

  test('answers whose headers cannot be changed are copied, or given as they are', async () => {
    const limit = guard({ limiter: limiterOf(9), key })
    const { finish } = await limit(requestOf())
    const redirect = finish(Response.redirect('http://localhost/elsewhere'))
    expect([redirect.status, redirect.headers.get('Location'), redirect.headers.get('RateLimit')]).toEqual([
      302,
      'http://localhost/elsewhere',
      '"default";r=8;t=60',
    ])
    const error = Response.error()
    expect(finish(error)).toBe(error)
  })
})

test('of two guards on a request the headers of the inner one remain, and each denial has its own', async () => {
  const inner = guard({ name: 'inner', limiter: limiterOf(1), key }, () => new Response('hello'))
  const serve = guard({ name: 'outer', limiter: limiterOf(3), key }, inner)
  const seen = []
  for (let times = 0; times < 4; times++) seen.push((await serve(requestOf())).headers.get('RateLimit'))
  expect(seen).toEqual(['"inner";r=0;t=60', '"inner";r=0;t=60', '"inner";r=0;t=60', '"outer";r=0;t=60'])
  const [request, limit] = [requestOf(), guard({ limiter: limiterOf(1), key, limit: 0 })]
  for (let times = 0; times < 2; times++) {
    expect((await limit(request)).response?.headers.get('RateLimit')).toBe('"default";r=0')
  }
})

describe('onDenied', () => {
  const own = { limiter: limiterOf(1), key: () => 'denied' }
  own.limiter.block('denied', 60_000)

  test('answers, and the headers are added', async () => {
    for (const wrap of [(response: Response) => response, (response: Response) => Promise.resolve(response)]) {
      const limit = guard({
        ...own,
        onDenied: ({ denied }, request: Request) => wrap(new Response(`${denied} ${request.method}`, { status: 503 })),
      })
      const { response } = await limit(requestOf())
      expect([response?.status, await response?.text()]).toEqual([503, 'default GET'])
      expect(response?.headers.get('Retry-After')).toBe('60')
    }
  })

  test('that throws, rejects or gives no answer is warned of, and the problem is the answer', async () => {
    const failures = [
      () => {
        throw new Error('broken')
      },
      () => Promise.reject(new Error('broken')),
      () => undefined as never,
    ]
    for (const onDenied of failures) {
      const { response } = await guard({ ...own, onDenied })(requestOf())
      expect([response?.status, response?.headers.get('Retry-After')]).toEqual([429, '60'])
    }
    expect(warn.mock.calls).toEqual([['SPILLWAY_ONDENIED: onDenied failed: broken']])
  })
})

test('what cannot be decided is answered with 500 and without the reason', async () => {
  const serve = guard({ limiter: limiterOf(1), key: () => undefined }, () => new Response('not reached'))
  const response = await serve(requestOf())
  expect([response.status, response.headers.get('RateLimit')]).toEqual([500, null])
  expect(await response.json()).toEqual({ type: 'about:blank', title: 'Internal Server Error', status: 500 })
})
