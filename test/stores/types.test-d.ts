/** Types as users meet them: each store is what its host asks for, without being told of the host's own types. */
import type { FastifyRateLimitStoreCtor } from '@fastify/rate-limit'
import type { ThrottlerStorage } from '@nestjs/throttler'
import type { Request } from 'express'
import type { Store as ExpressStore } from 'express-rate-limit'
import { rateLimit } from 'express-rate-limit'
import type { Context } from 'hono'
import type { Store as HonoStore } from 'hono-rate-limiter'
import { rateLimiter, webSocketLimiter } from 'hono-rate-limiter'
import { expectTypeOf, test } from 'vitest'
import { SpillwayStore as ForExpress } from '../../src/stores/express-rate-limit.js'
import { SpillwayStore as ForFastify } from '../../src/stores/fastify-rate-limit.js'
import { SpillwayStore as ForHono } from '../../src/stores/hono-rate-limiter.js'
import { SpillwayStorage } from '../../src/stores/nestjs-throttler.js'

test('express-rate-limit', () => {
  expectTypeOf<ForExpress>().toExtend<ExpressStore>()
  const store = new ForExpress({ maxUsers: 1000, prefix: 'a' })
  rateLimit({
    store,
    limit: store.limit((req) => {
      expectTypeOf(req).toEqualTypeOf<Request>()
      return 5
    }),
  })
  // @ts-expect-error the host's, not the store's
  new ForExpress({ limit: 5 })
})

test('hono-rate-limiter', () => {
  expectTypeOf<ForHono>().toExtend<HonoStore>()
  const store = new ForHono()
  rateLimiter({
    store,
    keyGenerator: () => 'a',
    // Said here, as TypeScript does not find it through the host's own type parameters.
    limit: store.limit(async (c: Context) => Number(c.req.header('x-limit'))),
  })
  webSocketLimiter({ store, keyGenerator: () => 'a' })
})

test('@fastify/rate-limit', () => {
  expectTypeOf<typeof ForFastify>().toExtend<FastifyRateLimitStoreCtor>()
  expectTypeOf(ForFastify.with({ maxUsers: 1000 })).toExtend<FastifyRateLimitStoreCtor>()
})

test('@nestjs/throttler', () => {
  expectTypeOf<SpillwayStorage>().toExtend<ThrottlerStorage>()
  new SpillwayStorage({ onFull: 'deny' })
})
