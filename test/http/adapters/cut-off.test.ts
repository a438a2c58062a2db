/** Requests that are cut off before they are answered, or while they are: they count, over HTTP/1.1 and over HTTP/2. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer, request } from 'node:http'
import { connect, createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import Koa from 'koa'
import { expect, test, vi } from 'vitest'
import { rateLimit as forExpress } from '../../../src/http/adapters/express.js'
import { rateLimit as forFastify } from '../../../src/http/adapters/fastify.js'
import { rateLimit as forKoa } from '../../../src/http/adapters/koa.js'
import type { RateLimitOptions } from '../../../src/http/index.js'
import { createLimiter, manualClock } from '../../../src/index.js'

type Options = RateLimitOptions<unknown[], unknown>
type Work = (res: ServerResponse) => void

/** A listener that limits, and goes on with what may never answer. */
const listeners: { [name: string]: (options: Options, work: Work) => Promise<RequestListener> } = {
  async express(options, work) {
    const limit = forExpress<IncomingMessage, ServerResponse>(options)
    return (req, res) => void limit(req, res, () => work(res))
  },
  async koa(options, work) {
    const app = new Koa()
    app.use(forKoa(options))
    app.use((ctx) => {
      ctx.respond = false
      work(ctx.res)
    })
    return app.callback()
  },
  async fastify(options, work) {
    const app = fastify()
    await app.register(forFastify, options)
    app.post('/', (_, reply) => {
      reply.hijack()
      work(reply.raw)
    })
    await app.ready()
    return (req, res) => app.routing(req, res)
  },
}

const works: { [name: string]: Work } = {
  'before the answer': () => {},
  'in the middle of it': (res) => {
    res.writeHead(res.statusCode)
    res.write('part')
  },
}

/** A server, and a request that is cut off once `arrived`. */
async function serve(http: string, listener: RequestListener, arrived: Promise<void>): Promise<() => void> {
  const server = http === 'http2' ? createHttp2Server(listener as never) : createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  if (http === 'http2') {
    const session = connect(url)
    const stream = session.request({ ':method': 'POST', ':path': '/' })
    stream.on('error', () => {}).end()
    await arrived
    stream.close(8)
    return () => {
      session.destroy()
      server.close()
    }
  }
  const sent = request(url, { method: 'POST' }).on('error', () => {})
  sent.end()
  await arrived
  sent.destroy()
  return () => void server.close()
}

for (const name of Object.keys(listeners)) {
  for (const http of ['http', 'http2']) {
    test.each(Object.keys(works))(`${name} over ${http}, %s`, async (when) => {
      const limiter = createLimiter({ limit: 9, windowMs: 60_000, sweepIntervalMs: 0, clock: manualClock() })
      for (const [countOnly, status] of [
        ['failed', 200],
        ['succeeded', 404],
      ] as const) {
        let arrive = () => {}
        const arrived = new Promise<void>((resolve) => {
          arrive = resolve
        })
        const gone = vi.fn()
        const listener = await listeners[name]({ limiter, key: () => countOnly, countOnly }, (res) => {
          res.statusCode = status
          res.once('close', gone)
          works[when](res)
          arrive()
        })
        const close = await serve(http, listener, arrived)
        await vi.waitFor(() => expect(gone).toHaveBeenCalled())
        expect([countOnly, limiter.peek(countOnly).remaining]).toEqual([countOnly, 8])
        close()
      }
    })
  }
}
