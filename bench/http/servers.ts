/**
 * The servers: each host bare, with Spillway's adapter, and with the limiter that is usual for it. They answer a short text.
 * All limiters are of the same limit and window, read the client's name from the same header, and send the headers of
 * draft 6, which is the one style that all of them have; @fastify/rate-limit has no `RateLimit-Policy`, the others do.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyPluginCallback, FastifyRequest } from 'fastify'
import type { Limiter } from 'spillway'
import type { Host, LimiterKind, ServerSetup } from './protocol.js'
import { CLIENT_HEADER, LIMIT, WINDOW_MS } from './protocol.js'

export const ANSWER = 'Hello'

/** How tables call what limits. */
export function labelOf(host: Host, limiter: LimiterKind): string {
  if (limiter === 'none') return `${host}, bare`
  return limiter === 'spillway' ? `${host}, spillway/${host}` : `${host}, ${RIVALS[host]}`
}

/** The limiter that is usual for a host. */
export const RIVALS: { readonly [Name in Host]: string } = {
  express: 'express-rate-limit',
  fastify: '@fastify/rate-limit',
  hono: 'hono-rate-limiter',
}

/** Packages whose versions go into the results. */
export const PACKAGES = ['spillway', 'express', 'fastify', 'hono', '@hono/node-server', 'autocannon'].concat(
  Object.values(RIVALS),
)

/** Starts a server on a free port of the loopback. Gives the port. */
export async function startServer(setup: ServerSetup): Promise<number> {
  return SERVERS[setup.host](setup)
}

const SERVERS: { readonly [Name in Host]: (setup: ServerSetup) => Promise<number> } = {
  express: startExpress,
  fastify: startFastify,
  hono: startHono,
}

async function limiterFor({ clients }: ServerSetup): Promise<Limiter> {
  const { loadLimiter } = await import('spillway')
  return loadLimiter({ limit: LIMIT, windowMs: WINDOW_MS, maxUsers: clients })
}

async function startExpress(setup: ServerSetup): Promise<number> {
  const { default: express } = await import('express')
  const app = express()
  if (setup.limiter === 'spillway') {
    const { rateLimit } = await import('spillway/express')
    const limiter = await limiterFor(setup)
    app.use(rateLimit({ limiter, headers: 'draft-6', key: (req) => req.headers[CLIENT_HEADER] as string }))
  } else if (setup.limiter === 'own') {
    const { rateLimit } = await import('express-rate-limit')
    const keyGenerator = (req: { headers: NodeJS.Dict<string | string[]> }) => req.headers[CLIENT_HEADER] as string
    const headers = { standardHeaders: 'draft-6', legacyHeaders: false } as const
    app.use(rateLimit({ limit: LIMIT, windowMs: WINDOW_MS, ...headers, keyGenerator }))
  }
  app.get('/', (_req, res) => {
    res.send(ANSWER)
  })
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function startFastify(setup: ServerSetup): Promise<number> {
  const { default: fastify } = await import('fastify')
  const app = fastify()
  if (setup.limiter === 'spillway') {
    const { rateLimit } = await import('spillway/fastify')
    const limiter = await limiterFor(setup)
    const key = (request: FastifyRequest) => request.headers[CLIENT_HEADER] as string
    await app.register(rateLimit, { limiter, headers: 'draft-6', key })
  } else if (setup.limiter === 'own') {
    // By a name that the compiler does not follow: its types would change Fastify's for all of the project.
    const { default: rateLimit } = (await import(RIVALS.fastify)) as {
      default: FastifyPluginCallback<Record<string, unknown>>
    }
    await app.register(rateLimit, {
      max: LIMIT,
      timeWindow: WINDOW_MS,
      // It forgets clients beyond so many, 5,000 by default.
      cache: setup.clients,
      enableDraftSpec: true,
      keyGenerator: (request: FastifyRequest) => request.headers[CLIENT_HEADER] as string,
    })
  }
  app.get('/', (_request, reply) => {
    reply.send(ANSWER)
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return (app.server.address() as AddressInfo).port
}

async function startHono(setup: ServerSetup): Promise<number> {
  const { Hono } = await import('hono')
  const { serve } = await import('@hono/node-server')
  const app = new Hono()
  if (setup.limiter === 'spillway') {
    const { rateLimit } = await import('spillway/hono')
    const limiter = await limiterFor(setup)
    app.use(rateLimit({ limiter, headers: 'draft-6', key: (c) => c.req.header(CLIENT_HEADER) }))
  } else if (setup.limiter === 'own') {
    const { rateLimiter } = await import('hono-rate-limiter')
    const keyGenerator = (c: { req: { header(name: string): string | undefined } }) => c.req.header(CLIENT_HEADER) ?? ''
    app.use(rateLimiter({ limit: LIMIT, windowMs: WINDOW_MS, standardHeaders: 'draft-6', keyGenerator }))
  }
  app.get('/', (c) => c.text(ANSWER))
  return new Promise((resolve) => {
    serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => resolve(port))
  })
}
