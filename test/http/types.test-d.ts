/** Types as users meet them: functions of the options know the framework's own request without being told. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Request as ExpressRequest } from 'express'
import express from 'express'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fastify from 'fastify'
import type { Context } from 'hono'
import { Hono } from 'hono'
import Koa from 'koa'
import { expectTypeOf, test } from 'vitest'
import { rateLimit as forExpress } from '../../src/http/adapters/express.js'
import { rateLimit as forFastify, routeLimit } from '../../src/http/adapters/fastify.js'
import { rateLimit as forHono } from '../../src/http/adapters/hono.js'
import { rateLimit as forKoa } from '../../src/http/adapters/koa.js'
import { clientAddress, guard } from '../../src/http/index.js'
import type { Limiter } from '../../src/index.js'

declare const limiter: Limiter

test('express, node:http and node:http2', () => {
  const app = express()
  app.use(
    forExpress({
      limiter,
      key: (req) => {
        expectTypeOf(req).toEqualTypeOf<ExpressRequest>()
        return req.ip
      },
      onDenied: ({ denied }, _req, res) => res.json({ denied }),
    }),
  )
  app.post('/login', forExpress({ limiter, key: (req) => clientAddress(req), cost: async () => 2 }), (_req, res) => {
    res.send('hello')
  })
  const limit = forExpress<IncomingMessage, ServerResponse>({ limiter, key: (req) => clientAddress(req) })
  createServer((req, res) => limit(req, res, () => res.end()))
  forExpress<Http2ServerRequest, Http2ServerResponse>({ limiter, key: (req) => clientAddress(req) })
  // @ts-expect-error a limit of one and several limits
  forExpress({ limiter, key: () => 'a', limits: [{ limiter, key: () => 'a' }] })
  // @ts-expect-error no key
  forExpress({ limiter })
  // @ts-expect-error an option that does not exist
  forExpress({ limiter, key: () => 'a', max: 5 })
})

test('fastify', () => {
  const app = fastify()
  app.register(forFastify)
  app.register(forFastify, {
    limiter,
    key: (request: FastifyRequest) => clientAddress(request, { trust: 1 }),
    onDenied: ({ denied }) => ({ denied }),
  })
  const rateLimit = routeLimit({
    limits: [
      {
        limiter,
        key: (request, reply) => {
          expectTypeOf(request).toEqualTypeOf<FastifyRequest>()
          expectTypeOf(reply).toEqualTypeOf<FastifyReply>()
          return request.ip
        },
      },
    ],
  })
  app.get('/', { config: { rateLimit } }, () => 'hello')
})

test('hono', () => {
  type Env = { Variables: { user: string } }
  const app = new Hono<Env>()
  app.use(forHono<Env>({ limiter, key: (c) => c.get('user') }))
  app.use(
    forHono({
      limiter,
      key: (c) => {
        expectTypeOf(c).toExtend<Context>()
        return c.req.header('x-api-key')
      },
      onDenied: (_, c) => c.text('slow down', 429),
    }),
  )
  // @ts-expect-error onDenied gives an answer
  forHono({ limiter, key: () => 'a', onDenied: () => 'slow down' })
})

test('koa', () => {
  const app = new Koa()
  app.use(
    forKoa({
      limiter,
      key: (ctx) => {
        expectTypeOf(ctx).toEqualTypeOf<Koa.Context>()
        return clientAddress(ctx)
      },
      onDenied: (_, ctx) => {
        ctx.body = 'slow down'
      },
    }),
  )
})

test('guard', async () => {
  const limit = guard({
    limiter,
    key: (request) => {
      expectTypeOf(request).toEqualTypeOf<Request>()
      return request.headers.get('x-api-key')
    },
  })
  const { response, finish } = await limit(new Request('http://localhost'))
  expectTypeOf(response).toEqualTypeOf<Response | undefined>()
  expectTypeOf(finish(new Response())).toEqualTypeOf<Response>()
  const serve = guard(
    { limiter, key: (_request: Request, info: { hostname: string }) => info.hostname },
    (_request, { hostname }) => new Response(hostname),
  )
  expectTypeOf(serve).parameters.toEqualTypeOf<[Request, { hostname: string }]>()
  await guard({ limiter, key: () => 'everybody' }, () => new Response())(new Request('http://localhost'))
})
