/** Express and plain node:http: what is theirs alone. The rest is in the conformance suite. */
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { afterEach, expect, test, vi } from 'vitest'
import type { ExpressOptions } from '../../../src/http/adapters/express.js'
import { rateLimit } from '../../../src/http/adapters/express.js'
import { clientAddress } from '../../../src/http/index.js'
import { limiterOf } from '../support/limiter.js'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
  vi.restoreAllMocks()
})

async function listen(server: ReturnType<typeof createServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('goes on within the call where nothing waits, and never with an error', () => {
  const next = vi.fn()
  const limiter = limiterOf(1)
  const limit = rateLimit({ limiter, key: () => 'a' })
  const res = { headersSent: false, statusCode: 0, setHeader: vi.fn(), end: vi.fn(), once: vi.fn() }
  expect(limit({} as express.Request, res as never, next)).toBeUndefined()
  expect(next.mock.calls).toEqual([[]])
  limiter.close()
  vi.spyOn(console, 'warn').mockImplementation(() => {})
  limit({} as express.Request, res as never, next)
  expect(next).toHaveBeenCalledTimes(1)
  expect(res.statusCode).toBe(500)
})

test('what next throws is not taken for an error of the limit', () => {
  const limit = rateLimit({ limiter: limiterOf(1), key: () => 'a', onError: () => expect.fail('asked') })
  const res = { headersSent: false, setHeader: () => {} }
  const next = () => {
    throw new Error('mine')
  }
  expect(() => limit({} as express.Request, res as never, next)).toThrow('mine')
})

test.each(['now', 'later'])(
  'where headers are sent already, a denied request does not go on: decided %s',
  async (when) => {
    const handler = vi.fn()
    const app = express()
    const options: ExpressOptions = {
      limiter: limiterOf(1),
      key: () => (when === 'now' ? 'a' : Promise.resolve('a')),
      onDenied: () => expect.fail('called'),
      onDecision: ({ allowed }) => allowed || ended?.(),
    }
    let ended: (() => void) | undefined
    app.use((_req, res, next) => {
      res.writeHead(200).write('early')
      ended = () => res.end()
      next()
    })
    app.use(rateLimit(options))
    app.use((_req, res) => {
      handler()
      res.end(' handled')
    })
    const url = await listen(createServer(app))
    const answers = []
    for (let times = 0; times < 2; times++) answers.push(await (await fetch(url)).text())
    expect(answers).toEqual(['early handled', 'early'])
    expect(handler).toHaveBeenCalledTimes(1)
  },
)

test('an address behind a trusted proxy, on a connection that is kept', async () => {
  const app = express()
  app.use(rateLimit({ limiter: limiterOf(1), key: (req) => clientAddress(req, { trust: ['loopback'] }) }))
  app.get('/', (_req, res) => void res.send('hello'))
  const url = await listen(createServer(app))
  const ask = async (forwarded: string) => (await fetch(url, { headers: { 'X-Forwarded-For': forwarded } })).status
  expect(await ask('198.51.100.1')).toBe(200)
  expect(await ask('203.0.113.77, 198.51.100.1')).toBe(429)
  expect(await ask('198.51.100.2')).toBe(200)
})

test('onDenied that fails when it has changed the answer: the problem has the status of one', async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {})
  const app = express()
  const onDenied: ExpressOptions['onDenied'] = (_, _req, res) => {
    res.status(200).type('html')
    throw new Error('no template')
  }
  app.use(rateLimit({ limiter: limiterOf(1), key: () => 'a', limit: 0, onDenied }))
  const response = await fetch(await listen(createServer(app)))
  expect([response.status, response.headers.get('Content-Type')]).toEqual([429, 'application/problem+json'])
  expect(await response.json()).toMatchObject({ status: 429 })
})

test('of two limits on a request the headers of the inner one remain; a router mounted twice counts twice', async () => {
  const app = express()
  app.use(rateLimit({ name: 'outer', limiter: limiterOf(9), key: () => 'a' }))
  const router = express.Router()
  router.use(rateLimit({ name: 'inner', limiter: limiterOf(3), key: () => 'a' }))
  app.use(router)
  app.use('/within', express().use(router))
  app.use((_req, res) => void res.send('hello'))
  const url = await listen(createServer(app))
  const seen = []
  for (const path of ['/', '/within', '/within']) {
    const { status, headers } = await fetch(url + path)
    seen.push([status, headers.get('RateLimit')])
  }
  expect(seen).toEqual([
    [200, '"inner";r=2;t=60'],
    [200, '"inner";r=0;t=60'],
    [429, '"inner";r=0;t=60'],
  ])
})

test('a body that is denied is not read, and the connection serves the next request', async () => {
  const limiter = limiterOf(1)
  const app = express()
  app.use(rateLimit({ limiter, key: (req) => req.get('x-user') }))
  app.use((_req, res) => void res.send('hello'))
  const url = await listen(createServer(app))
  const statuses = []
  for (const user of ['a', 'a', 'b']) {
    const status = await new Promise((resolve, reject) => {
      const sent = request(url, { method: 'POST', headers: { 'x-user': user } }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode))
      })
      sent.on('error', reject)
      sent.end('x'.repeat(100_000))
    })
    statuses.push(status)
  }
  expect(statuses).toEqual([200, 429, 200])
})

test('a login that is cut off before its answer counts', async () => {
  const limiter = limiterOf(2)
  let answer: (() => void) | undefined
  const arrived = new Promise<void>((resolve) => {
    answer = resolve
  })
  const app = express()
  app.use(rateLimit({ limiter, key: () => 'a', countOnly: 'failed' }))
  const gone = new Promise<void>((resolve) => {
    app.post('/login', (_req, res) => {
      res.on('close', resolve)
      answer?.()
    })
  })
  const sent = request(`${await listen(createServer(app))}/login`, { method: 'POST' })
  sent.on('error', () => {})
  sent.end()
  await arrived
  sent.destroy()
  await gone
  expect(limiter.peek('a').remaining).toBe(1)
})
