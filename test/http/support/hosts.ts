/** Servers of every adapter, made alike: one handler, one way to tell requests apart, for the one suite. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { connect, createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { serve } from '@hono/node-server'
import connectFramework from 'connect'
import express from 'express'
import express4 from 'express4'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { rateLimit as forExpress } from '../../../src/http/adapters/express.js'
import { rateLimit as forFastify } from '../../../src/http/adapters/fastify.js'
import { rateLimit as forHono } from '../../../src/http/adapters/hono.js'
import { rateLimit as forKoa } from '../../../src/http/adapters/koa.js'
import type { RateLimitOptions } from '../../../src/http/index.js'
import { guard } from '../../../src/http/index.js'

/** What the suite's functions see of a request. */
export type Header = (name: string) => string | undefined

/** Options as the suite writes them, for all adapters alike: `onDenied` gives a text. */
export type SuiteOptions = RateLimitOptions<[header: Header], string>

/** Handles a request, and tells the status of its answer. May throw. */
export type Handler = (header: Header) => number

interface Answer {
  status: number
  headers: Record<string, string>
  body: string
}

export interface Running {
  port: number
  ask(headers?: Record<string, string>, method?: string): Promise<Answer>
  close(): Promise<void>
}

interface Host {
  name: string
  /** Whether an answer to an error of the handler keeps the headers: Koa removes all. */
  keepsHeaders: boolean
  http2?: boolean
  start(options: SuiteOptions, handle: Handler): Promise<Running>
}

/** Options for a framework: its facts become a function that gives headers, and the text of `onDenied` an answer. */
function translate<Facts extends unknown[], Result>(
  options: SuiteOptions,
  see: (...facts: Facts) => Header,
  answer: (text: string, ...facts: Facts) => Result,
): RateLimitOptions<Facts, Result> {
  type Call = (...args: unknown[]) => unknown
  const entries = Object.entries(options).map(([name, value]): [string, unknown] => {
    if (name === 'limits') return [name, (value as SuiteOptions[]).map((limit) => translate(limit, see, answer))]
    if (typeof value !== 'function') return [name, value]
    const call = value as Call
    if (name === 'onDenied') {
      return [name, (told: unknown, ...facts: Facts) => answer(call(told, see(...facts)) as string, ...facts)]
    }
    if (/^(onDecision|onError|partitionKey)$/.test(name)) {
      return [name, (told: unknown, ...facts: Facts) => call(told, see(...facts))]
    }
    return [name, (...facts: Facts) => call(see(...facts))]
  })
  return Object.fromEntries(entries) as unknown as RateLimitOptions<Facts, Result>
}

type NodeRequest = IncomingMessage | Http2ServerRequest

function seeNode(request: NodeRequest): Header {
  return (name) => request.headers[name] as string | undefined
}

async function listen(server: Server): Promise<Running> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    async ask(headers = {}, method = 'GET') {
      const response = await fetch(`http://127.0.0.1:${port}/`, { headers, method })
      return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        if ('closeAllConnections' in server) (server as { closeAllConnections(): void }).closeAllConnections()
      }),
  }
}

/** Plain `node:http`. What a handler throws is answered, as frameworks do. */
const node: Host = {
  name: 'node:http',
  keepsHeaders: true,
  start(options, handle) {
    const limit = forExpress<IncomingMessage, ServerResponse>(
      translate<[IncomingMessage, ServerResponse], unknown>(options, seeNode, (text, _, res) => res.end(text)),
    )
    return listen(createServer((req, res) => void limit(req, res, () => answerNode(req, res, handle))))
  },
}

function answerNode(req: NodeRequest, res: ServerResponse | Http2ServerResponse, handle: Handler): void {
  try {
    res.statusCode = handle(seeNode(req))
  } catch {
    res.statusCode = 500
  }
  res.end('handled')
}

const http2: Host = {
  name: 'node:http2',
  keepsHeaders: true,
  http2: true,
  async start(options, handle) {
    const limit = forExpress<Http2ServerRequest, Http2ServerResponse>(
      translate<[Http2ServerRequest, Http2ServerResponse], unknown>(options, seeNode, (text, _, res) => res.end(text)),
    )
    const server = createHttp2Server((req, res) => void limit(req, res, () => answerNode(req, res, handle)))
    const running = await listen(server)
    const session = connect(`http://127.0.0.1:${running.port}`)
    return {
      ...running,
      ask: (headers = {}, method = 'GET') =>
        new Promise((resolve, reject) => {
          const stream = session.request({ ':path': '/', ':method': method, ...headers })
          let body = ''
          let answered: Record<string, unknown> = {}
          stream.setEncoding('utf8')
          stream.on('response', (all) => {
            answered = all
          })
          stream.on('data', (part) => {
            body += part
          })
          stream.on('error', reject)
          stream.on('end', () => {
            const { ':status': status, ...rest } = answered
            resolve({ status: Number(status), headers: rest as Record<string, string>, body })
          })
        }),
      async close() {
        session.destroy()
        await running.close()
      },
    }
  },
}

function expressHost(name: string, make: typeof express): Host {
  return {
    name,
    keepsHeaders: true,
    start(options, handle) {
      const app = make()
      app.set('env', 'test')
      app.use(
        forExpress(
          translate<[express.Request, express.Response], unknown>(options, seeNode, (text, _, res) => res.send(text)),
        ),
      )
      app.get('/', (req, res) => void res.status(handle(seeNode(req))).send('handled'))
      return listen(createServer(app as RequestListener))
    },
  }
}

const connectHost: Host = {
  name: 'connect',
  keepsHeaders: true,
  start(options, handle) {
    const app = connectFramework()
    app.use(
      forExpress<IncomingMessage, ServerResponse>(
        translate<[IncomingMessage, ServerResponse], unknown>(options, seeNode, (text, _, res) => res.end(text)),
      ),
    )
    app.use((req, res) => answerNode(req, res, handle))
    return listen(createServer(app))
  },
}

const fastifyHost: Host = {
  name: 'fastify',
  keepsHeaders: true,
  async start(options, handle) {
    const app = fastify()
    await app.register(
      forFastify,
      translate(
        options,
        (request: { raw: IncomingMessage }) => seeNode(request.raw),
        (text) => text,
      ) as never,
    )
    app.get('/', (request, reply) => reply.code(handle(seeNode(request.raw))).send('handled'))
    await app.ready()
    // Listening itself, so that ports and ends are alike.
    const running = await listen(createServer((req, res) => app.routing(req, res)))
    return {
      ...running,
      async close() {
        await running.close()
        await app.close()
      },
    }
  },
}

const hono: Host = {
  name: 'hono',
  keepsHeaders: true,
  async start(options, handle) {
    const app = new Hono()
    const see =
      ({ req }: { req: { header(name: string): string | undefined } }): Header =>
      (name) =>
        req.header(name)
    app.use(forHono(translate(options, see, (text) => new Response(text, { status: 429 }))))
    app.get('/', (c) => c.text('handled', handle(see(c)) as 200))
    app.onError((_, c) => c.text('failed', 500))
    const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 })
    server.close()
    return listen(server as Server)
  },
}

const koa: Host = {
  name: 'koa',
  keepsHeaders: false,
  start(options, handle) {
    const app = new Koa()
    app.silent = true
    const see = ({ req }: { req: IncomingMessage }) => seeNode(req)
    app.use(
      forKoa(
        translate(options, see, (text, ctx: Koa.Context) => {
          ctx.body = text
        }),
      ),
    )
    app.use((ctx) => {
      ctx.status = handle(see(ctx))
      ctx.body = 'handled'
    })
    return listen(createServer(app.callback()))
  },
}

/** A guard, on Hono's server for functions of a web `Request`. */
const guarded: Host = {
  name: 'guard',
  keepsHeaders: false,
  async start(options, handle) {
    const see =
      (request: Request): Header =>
      (name) =>
        request.headers.get(name) ?? undefined
    const fetch = guard(
      translate(options, see, (text) => new Response(text, { status: 429 })),
      (request) => new Response('handled', { status: handle(see(request)) }),
    )
    const server = serve({ fetch, hostname: '127.0.0.1', port: 0 })
    server.close()
    return listen(server as Server)
  },
}

export const hosts: Host[] = [
  node,
  http2,
  expressHost('express 5', express),
  expressHost('express 4', express4),
  connectHost,
  fastifyHost,
  hono,
  koa,
  guarded,
]
