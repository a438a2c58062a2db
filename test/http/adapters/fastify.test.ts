/** Fastify: encapsulation, options of routes, and bodies. The rest is in the conformance suite. */
import type { FastifyInstance } from 'fastify'
import fastify from 'fastify'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { FastifyOptions } from '../../../src/http/adapters/fastify.js'
import { rateLimit, routeLimit } from '../../../src/http/adapters/fastify.js'
import { createLimiter, manualClock } from '../../../src/index.js'

const apps: FastifyInstance[] = []
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()))
})

function make(): FastifyInstance {
  const app = fastify()
  apps.push(app)
  return app
}

function limitOf(limit: number, more: object = {}): FastifyOptions {
  const limiter = createLimiter({ limit, windowMs: 60_000, sweepIntervalMs: 0, clock: manualClock() })
  return { limiter, key: () => 'a', ...more }
}

async function statuses(app: FastifyInstance, ...urls: string[]): Promise<number[]> {
  const all: number[] = []
  for (const url of urls) all.push((await app.inject(url)).statusCode)
  return all
}

const hello = () => 'hello'

describe('encapsulation', () => {
  test('limits the context that it is registered in and those within, not those beside', async () => {
    const app = make()
    app.register(async (limited) => {
      await limited.register(rateLimit, limitOf(1))
      limited.get('/in', hello)
      limited.register(async (within) => {
        within.get('/within', hello)
      })
    })
    app.register(async (beside) => {
      beside.get('/beside', hello)
    })
    app.get('/above', hello)
    expect(await statuses(app, '/in', '/within', '/in', '/beside', '/above')).toEqual([200, 429, 429, 200, 200])
  })

  test('a registration within takes the place of the one above', async () => {
    const app = make()
    await app.register(rateLimit, limitOf(1))
    app.get('/above', hello)
    app.register(
      async (within) => {
        await within.register(rateLimit, limitOf(2))
        within.get('/', hello)
      },
      { prefix: '/within' },
    )
    expect(await statuses(app, '/within', '/within', '/within', '/above', '/above')).toEqual([200, 200, 429, 200, 429])
  })

  test('routes added before it are limited too, and so are paths that no route has', async () => {
    const app = make()
    app.get('/before', hello)
    app.register(rateLimit, limitOf(2))
    expect(await statuses(app, '/before', '/nowhere', '/before', '/nowhere')).toEqual([200, 404, 429, 429])
  })
})

describe("a route's config", () => {
  test('takes the place of the options of the plugin; false means no limit', async () => {
    const app = make()
    await app.register(rateLimit, limitOf(1))
    app.get('/', hello)
    app.get('/own', { config: { rateLimit: routeLimit(limitOf(2)) } }, hello)
    app.get('/free', { config: { rateLimit: false } }, hello)
    expect(await statuses(app, '/', '/', '/own', '/own', '/own', '/free')).toEqual([200, 429, 200, 200, 429, 200])
  })

  test('counts once, however many registrations there are above', async () => {
    const app = make()
    await app.register(rateLimit, limitOf(9))
    app.register(async (within) => {
      await within.register(rateLimit, limitOf(9))
      within.get('/', { config: { rateLimit: limitOf(2) } }, hello)
    })
    expect(await statuses(app, '/', '/', '/')).toEqual([200, 200, 429])
  })

  test('alone, where the plugin has no options', async () => {
    const app = make()
    await app.register(rateLimit)
    app.get('/', hello)
    app.get('/own', { config: { rateLimit: limitOf(1) } }, hello)
    expect(await statuses(app, '/', '/', '/own', '/own')).toEqual([200, 200, 200, 429])
  })

  test('that is wrong fails when the route is added', async () => {
    const app = make()
    await app.register(rateLimit)
    expect(() => app.get('/', { config: { rateLimit: { max: 5 } } }, hello)).toThrow('there is no option "max"')
    expect(() => app.get('/', { config: { rateLimit: null as never } }, hello)).toThrow(
      'options must be an object, not null',
    )
  })
})

test('options of the plugin that are wrong fail when it is registered', async () => {
  const app = make()
  await expect(app.register(rateLimit, { key: hello } as never)).rejects.toThrow('limiter must be a limiter')
})

test('decides before the body is read', async () => {
  const app = make()
  const parsed: string[] = []
  app.addContentTypeParser('text/x', { parseAs: 'string' }, (_request, body, done) => {
    parsed.push(body as string)
    done(null, body)
  })
  await app.register(rateLimit, limitOf(1))
  app.post('/', hello)
  const ask = (payload: string) =>
    app.inject({ method: 'POST', url: '/', payload, headers: { 'content-type': 'text/x' } })
  expect([(await ask('one')).statusCode, (await ask('two')).statusCode]).toEqual([200, 429])
  expect(parsed).toEqual(['one'])
})

test('onDenied gives any payload, or answers by the reply', async () => {
  const app = make()
  const always = { limit: 0 }
  app.register(rateLimit)
  app.after(() => {
    const routes: [string, FastifyOptions['onDenied']][] = [
      ['/object', ({ denied }) => ({ denied })],
      ['/later', async (_, request) => `later ${request.url}`],
      ['/reply', (_, _request, reply) => reply.code(503).send('busy')],
      ['/silent', (_, _request, reply) => void reply.code(418).send('teapot')],
    ]
    for (const [url, onDenied] of routes)
      app.get(url, { config: { rateLimit: limitOf(1, { ...always, onDenied }) } }, hello)
  })
  const answers = []
  for (const url of ['/object', '/later', '/reply', '/silent']) {
    const { statusCode, body } = await app.inject(url)
    answers.push([statusCode, body])
  }
  expect(answers).toEqual([
    [429, '{"denied":["default"]}'],
    [429, 'later /later'],
    [503, 'busy'],
    [418, 'teapot'],
  ])
})

test('onDenied that fails when it has changed the answer: the problem has the status of one', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const app = make()
  const onDenied: FastifyOptions['onDenied'] = (_, _request, reply) => {
    reply.code(200).type('text/html')
    throw new Error('no template')
  }
  await app.register(rateLimit, limitOf(1, { limit: 0, onDenied }))
  const { statusCode, headers, body } = await app.inject('/')
  warn.mockRestore()
  expect([statusCode, headers['content-type'], JSON.parse(body).status]).toEqual([
    429,
    'application/problem+json; charset=utf-8',
    429,
  ])
})

test('wrong options of a route that is added before the plugin let nothing through', async () => {
  const app = make()
  app.get('/', { config: { rateLimit: { max: 5 } } }, hello)
  app.register(rateLimit)
  expect(await statuses(app, '/')).toEqual([500])
})
