/** Faults at odd moments, on real servers: nothing crashes, nothing is unhandled, nothing goes on by accident. */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { ClientHttp2Session, Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { connect as connectHttp2, constants, createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { connect } from 'node:net'
import fastify from 'fastify'
import Koa from 'koa'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ExpressOptions } from '../../src/http/adapters/express.js'
import { rateLimit as forExpress } from '../../src/http/adapters/express.js'
import { rateLimit as forFastify } from '../../src/http/adapters/fastify.js'
import { rateLimit as forKoa } from '../../src/http/adapters/koa.js'
import { clientAddress } from '../../src/http/index.js'
import { deferred } from './support/deferred.js'
import type { Handler, Running, SuiteOptions } from './support/hosts.js'
import { hosts } from './support/hosts.js'
import { limiterOf } from './support/limiter.js'

const unhandled = vi.fn()
const closing: (() => unknown)[] = []

beforeAll(() => {
  process.on('unhandledRejection', unhandled)
  process.on('uncaughtExceptionMonitor', unhandled)
})
afterAll(() => {
  process.off('unhandledRejection', unhandled)
  process.off('uncaughtExceptionMonitor', unhandled)
})
beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}))
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
  await new Promise(setImmediate)
  expect(unhandled).not.toHaveBeenCalled()
  vi.restoreAllMocks()
})

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => {
    if ('closeAllConnections' in server) (server as { closeAllConnections(): void }).closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** All that a server sends over a connection of HTTP/1.1 until it ends. */
async function exchange(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(text)
  let received = ''
  for await (const part of socket.setEncoding('utf8')) received += part
  return received
}

describe.each(hosts)('$name', (host) => {
  async function start(options: SuiteOptions, handle: Handler = () => 200): Promise<Running & { handler: Handler }> {
    const handler = vi.fn(handle)
    const running = await host.start(options, handler)
    closing.push(running.close)
    return { ...running, handler }
  }

  test('a limiter that is closed while a request waits for its key lets it not through', async () => {
    const [asked, told] = [deferred(), deferred<string>()]
    const limiter = limiterOf(9)
    const { ask, handler } = await start({
      limiter,
      key: () => {
        asked.resolve()
        return told.promise
      },
    })
    const answer = ask()
    await asked.promise
    limiter.close()
    told.resolve('a')
    expect((await answer).status).toBe(500)
    expect(handler).not.toHaveBeenCalled()
  })

  test('a limiter that is closed before an answer, which was to give back, changes nothing of the answer', async () => {
    const limiter = limiterOf(9)
    const { ask } = await start({ limiter, key: () => 'a', countOnly: 'failed' }, () => {
      limiter.close()
      return 201
    })
    expect((await ask()).status).toBe(201)
  })

  test('a key that comes after its time was up lets nothing through', async () => {
    const told = deferred<string>()
    const decided = deferred<boolean>()
    const { ask, handler } = await start({
      limiter: limiterOf(9),
      key: () => told.promise,
      timeoutMs: 1,
      onDecision: ({ allowed }) => decided.resolve(allowed),
    })
    expect((await ask()).status).toBe(500)
    told.resolve('a')
    expect(await decided.promise).toBe(true)
    expect(handler).not.toHaveBeenCalled()
  })

  test('10,000 bytes of headers: each client has one bucket still', async () => {
    const { ask } = await start({
      limiter: limiterOf(1),
      key: (header) =>
        clientAddress({ headers: { 'x-forwarded-for': header('x-forwarded-for') } }, { trust: ['unix', 'loopback'] }),
    })
    const spoofed = (seed: number) => `${`203.0.113.${seed}, `.repeat(800)}198.51.100.1`.slice(-10_000)
    const statuses = []
    for (let seed = 100; seed < 103; seed++) {
      statuses.push((await ask({ 'x-forwarded-for': spoofed(seed).replace(/^[^,]*, /, '') })).status)
    }
    expect(statuses).toEqual([200, 429, 429])
    expect((await ask({ 'x-forwarded-for': '198.51.100.2' })).status).toBe(200)
  })

  test.skipIf(host.http2)('a connection that is kept serves on after a denial and an error', async () => {
    const { port, handler } = await start({
      limiter: limiterOf(1),
      key: (header) => header('x-user'),
    })
    const one = (user: string, more = '') => `GET / HTTP/1.1\r\nHost: x\r\n${user}${more}\r\n`
    const user = (name: string) => `X-User: ${name}\r\n`
    const answers = await exchange(
      port,
      one(user('a')) + one(user('a')) + one('') + one(user('b')) + one(user('b'), 'Connection: close\r\n'),
    )
    expect(answers.match(/HTTP\/1\.1 \d+/g)?.map((line) => line.slice(-3))).toEqual(['200', '429', '500', '200', '429'])
    expect(handler).toHaveBeenCalledTimes(2)
  })

  test.skipIf(host.http2)('pipelined requests whose keys come in another order are answered in theirs', async () => {
    const keys = [deferred<string>(), deferred<string>(), deferred<string>()]
    const asked: number[] = []
    const { port } = await start({
      limiter: limiterOf(1),
      key: (header) => {
        const number = Number(header('x-number'))
        asked.push(number)
        // The last to arrive is told first, where the server takes requests before it has answered.
        if (number === 2) for (const key of keys.toReversed()) key.resolve('a')
        return number === 2 ? 'a' : keys[number].promise.then(() => (number === 0 ? 'b' : 'a'))
      },
    })
    const one = (number: number, more = '') => `GET / HTTP/1.1\r\nHost: x\r\nX-Number: ${number}\r\n${more}\r\n`
    const answers = await exchange(port, one(0) + one(1) + one(2, 'Connection: close\r\n'))
    expect(asked).toEqual([0, 1, 2])
    // The second and the third have one user with one place: exactly one of them goes on.
    const [first, ...others] = answers.match(/HTTP\/1\.1 \d+/g)?.map((line) => line.slice(-3)) ?? []
    expect([first, others.sort()]).toEqual(['200', ['200', '429']])
  })
})

describe('HTTP/2', () => {
  async function start(options: ExpressOptions<Http2ServerRequest, Http2ServerResponse>) {
    const limit = forExpress<Http2ServerRequest, Http2ServerResponse>(options)
    const handler = vi.fn((_: Http2ServerRequest, res: Http2ServerResponse) => void res.end('handled'))
    const server = createHttp2Server((req, res) => void limit(req, res, () => handler(req, res)))
    const session = connectHttp2(`http://127.0.0.1:${await listen(server)}`)
    closing.push(() => session.destroy())
    return { session, handler }
  }

  async function statusOf(session: ClientHttp2Session, headers = {}): Promise<number> {
    const stream = session.request({ ':path': '/', ...headers })
    stream.resume()
    const [answered] = await once(stream, 'response')
    return answered[':status']
  }

  test.each([
    ['admitted', 9],
    ['denied', 0],
  ])('a stream that is aborted before it is %s disturbs no other of the connection', async (_, limit) => {
    const [asked, gone, told] = [deferred(), deferred(), deferred<string>()]
    const decided = deferred<boolean>()
    const { session } = await start({
      limiter: limiterOf(9),
      limit: (req) => (req.headers['x-user'] === 'b' ? 9 : limit),
      countOnly: 'failed',
      key: (req) => {
        if (req.headers['x-user'] === 'b') return 'b'
        req.stream.once('close', gone.resolve)
        asked.resolve()
        return told.promise
      },
      onDecision: ({ allowed }) => decided.resolve(allowed),
    })
    const aborted = session.request({ ':path': '/' })
    aborted.on('error', () => {})
    await asked.promise
    aborted.close(constants.NGHTTP2_CANCEL)
    await gone.promise
    told.resolve('a')
    expect(await decided.promise).toBe(limit > 0)
    expect(await statusOf(session, { 'x-user': 'b' })).toBe(200)
  })

  test('a session that goes away with a hundred streams waiting disturbs no other session', async () => {
    const waiting = deferred<string>()
    const [allAsked, allDecided] = [deferred(), deferred()]
    let [asked, decided] = [0, 0]
    const limiter = limiterOf(50)
    const { session } = await start({
      limiter,
      key: (req) => {
        if (req.headers['x-user'] === 'b') return 'b'
        if (++asked === 100) allAsked.resolve()
        return waiting.promise
      },
      onDecision: () => {
        if (++decided === 100) allDecided.resolve()
      },
    })
    for (let i = 0; i < 100; i++) session.request({ ':path': '/' }).on('error', () => {})
    await allAsked.promise
    const other = connectHttp2(`http://127.0.0.1:${session.socket.remotePort}`)
    closing.push(() => other.destroy())
    session.destroy()
    await once(session, 'close')
    expect(await statusOf(other, { 'x-user': 'b' })).toBe(200)
    waiting.resolve('a')
    await allDecided.promise
    expect(limiter.peek('a').remaining).toBe(0)
    expect(await statusOf(other, { 'x-user': 'b' })).toBe(200)
  })

  test('streams at the same time share one limit', async () => {
    const { session, handler } = await start({ limiter: limiterOf(3), key: async () => 'a' })
    const statuses = await Promise.all(Array.from({ length: 10 }, () => statusOf(session)))
    expect(statuses.sort()).toEqual([200, 200, 200, ...new Array(7).fill(429)])
    expect(handler).toHaveBeenCalledTimes(3)
  })
})

describe('headers that are sent already', () => {
  /** Asks twice: a request that goes on, and one that is denied and must not. */
  async function askTwice(port: number) {
    const texts = []
    for (let times = 0; times < 2; times++) texts.push(await (await fetch(`http://127.0.0.1:${port}/`)).text())
    return texts
  }

  /** Ends the answer of a denied request, which nobody else does. */
  const endOf = (res: ServerResponse, allowed: boolean) => {
    if (!allowed) res.end()
  }

  test('koa', async () => {
    const handler = vi.fn()
    const app = new Koa()
    app.silent = true
    app.use((ctx, next) => {
      ctx.respond = false
      ctx.res.writeHead(200).write('early')
      return next()
    })
    app.use(
      forKoa({
        limiter: limiterOf(1),
        key: () => Promise.resolve('a'),
        onDenied: () => expect.fail('called'),
        onDecision: ({ allowed }, { res }) => setImmediate(endOf, res, allowed),
      }),
    )
    app.use(({ res }) => {
      handler()
      res.end(' handled')
    })
    expect(await askTwice(await listen(createServer(app.callback())))).toEqual(['early handled', 'early'])
    expect(handler).toHaveBeenCalledTimes(1)
  })

  test.each(['now', 'later'])('fastify, decided %s', async (when) => {
    const handler = vi.fn()
    const app = fastify()
    app.addHook('onRequest', (_, { raw }, goOn) => {
      raw.writeHead(200).write('early')
      goOn()
    })
    await app.register(forFastify, {
      limiter: limiterOf(1),
      key: () => (when === 'now' ? 'a' : Promise.resolve('a')),
      onDenied: () => expect.fail('called'),
      // Ends the answer once the plugin is done with the request, which nobody else does.
      onDecision: ({ allowed }, _, { raw }) => setImmediate(endOf, raw, allowed),
    })
    app.get('/', (_, reply) => {
      handler()
      reply.hijack()
      reply.raw.end(' handled')
    })
    await app.ready()
    closing.push(() => app.close())
    expect(await askTwice(await listen(createServer((req, res) => app.routing(req, res))))).toEqual([
      'early handled',
      'early',
    ])
    expect(handler).toHaveBeenCalledTimes(1)
  })
})

describe('bodies', () => {
  test('a client that leaves in the middle of a body, while its key is looked up, disturbs nobody', async () => {
    const [asked, gone, told] = [deferred(), deferred(), deferred<string>()]
    const decided = deferred<boolean>()
    const limit = forExpress<IncomingMessage, ServerResponse>({
      limiter: limiterOf(9),
      countOnly: 'failed',
      key: (req) => {
        if (req.headers['x-user'] === 'b') return 'b'
        req.once('close', gone.resolve)
        asked.resolve()
        return told.promise
      },
      onDecision: ({ allowed }) => decided.resolve(allowed),
    })
    const port = await listen(
      createServer((req, res) => void limit(req, res, () => req.resume().on('end', () => res.end('handled')))),
    )
    const socket = connect(port, '127.0.0.1')
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf of it')
    await asked.promise
    socket.resetAndDestroy()
    await gone.promise
    told.resolve('a')
    expect(await decided.promise).toBe(true)
    expect((await fetch(`http://127.0.0.1:${port}/`, { headers: { 'x-user': 'b' } })).status).toBe(200)
  })
})
