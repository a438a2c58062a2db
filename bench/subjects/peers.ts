/**
 * Published limiters, each by the fastest use that its documentation or exports offer, synchronous where there is a
 * synchronous one. Packages are imported when a subject is made, so that a process loads the one it measures, after
 * clocks have been faked where they are.
 */
import type { Subject, SubjectOptions, SubjectSpec } from './subject.js'
import { LIMIT, WINDOW_MS } from './subject.js'

/** Most packages keep their size to themselves. */
const unknownSize = () => undefined
const nothing = () => {}

type Draft = Omit<SubjectSpec, 'group' | 'packages' | 'readsClock' | 'takesClock' | 'hasTokens'> & {
  readsClock?: boolean
}

function peer({ readsClock = true, ...draft }: Draft): SubjectSpec {
  return { ...draft, group: 'peer', packages: [draft.name], readsClock, takesClock: false, hasTokens: false }
}

export const PEERS: readonly SubjectSpec[] = [
  peer({
    name: 'rate-limiter-flexible',
    label: 'rate-limiter-flexible',
    use: '`RateLimiterMemory` without a key prefix (with one it is slower), `await consume(id)`: fixed window, a timer a user',
    beyond: 'stores in Redis, MongoDB, SQL and more, blocking, queueing, spreading of requests, insurance limiters',
    forgetsAfterMs: WINDOW_MS,
    create: rateLimiterFlexible,
  }),
  peer({
    name: 'express-rate-limit',
    label: 'express-rate-limit',
    use: '`MemoryStore`, `await increment(id)`: fixed window',
    beyond: 'the middleware: headers by four drafts, skipping, key generation, validation; stores of many kinds',
    forgetsAfterMs: 2 * WINDOW_MS,
    create: expressRateLimit,
  }),
  peer({
    name: '@fastify/rate-limit',
    label: '@fastify/rate-limit',
    use: '`LocalStore` with `cache` set to the users, `incr(id, callback)`: fixed window, least recently used go',
    beyond: 'the Fastify plugin: routes, headers, bans, exponential backoff, a Redis store',
    forgetsAfterMs: undefined,
    create: fastifyRateLimit,
  }),
  peer({
    name: 'hono-rate-limiter',
    label: 'hono-rate-limiter',
    use: '`MemoryStore`, `increment(id)`: fixed window',
    beyond: 'the Hono middleware: headers, web sockets, Cloudflare, Redis and unstorage stores',
    forgetsAfterMs: 2 * WINDOW_MS,
    create: honoRateLimiter,
  }),
  peer({
    name: 'limiter',
    label: 'limiter',
    use: 'a `RateLimiter` a user in a Map, `tryRemoveTokens(1)`: bucket within a fixed window',
    beyond: 'waiting for tokens in order, hierarchies of buckets',
    forgetsAfterMs: undefined,
    create: limiterPerUser,
  }),
  peer({
    name: 'rolling-rate-limiter',
    label: 'rolling-rate-limiter',
    use: '`InMemoryRateLimiter`, `await limit(id)`: sliding log that counts denied requests too, a timer a user',
    beyond: 'a Redis store, a least distance between requests',
    forgetsAfterMs: WINDOW_MS,
    create: rollingRateLimiter,
  }),
  peer({
    name: 'fast-ratelimit',
    label: 'fast-ratelimit',
    use: '`consumeSync(id)`: a count that a timer a user removes; no clock is read',
    beyond: 'asking without consuming, through promises too',
    readsClock: false,
    forgetsAfterMs: WINDOW_MS,
    create: fastRatelimit,
  }),
  peer({
    name: '@joint-ops/hitlimit',
    label: '@joint-ops/hitlimit',
    use: '`memoryStore()`, `hit(id, 1000, 50)`: fixed window',
    beyond: 'middleware for Express, Fastify, Hono and Nest, tiers, bans, groups, SQL, Redis and MongoDB stores',
    forgetsAfterMs: 11_000,
    create: hitlimit,
  }),
  peer({
    name: 'ts-rate-limiter',
    label: 'ts-rate-limiter',
    use: '`new RateLimiter({ windowMs, maxRequests })`, `await consume(id)`: fixed window, times kept an hour',
    beyond: 'choice of three algorithms, a Redis store, headers, draft mode',
    forgetsAfterMs: undefined,
    create: tsRateLimiter,
  }),
]

async function rateLimiterFlexible({ windowMs }: SubjectOptions): Promise<Subject> {
  const { RateLimiterMemory } = await import('rate-limiter-flexible')
  const limiter = new RateLimiterMemory({ points: LIMIT, duration: windowMs / 1000, keyPrefix: '' })
  const admitted = () => true
  const denied = () => false
  return {
    kind: 'async',
    decide: (id) => limiter.consume(id).then(admitted, denied),
    size: unknownSize,
    close: nothing,
  }
}

async function expressRateLimit({ windowMs }: SubjectOptions): Promise<Subject> {
  const { MemoryStore } = await import('express-rate-limit')
  const store = new MemoryStore()
  // Of the options of the middleware, the store reads this one alone.
  store.init({ windowMs } as Parameters<typeof store.init>[0])
  return {
    kind: 'async',
    decide: async (id) => (await store.increment(id)).totalHits <= LIMIT,
    size: () => store.current.size + store.previous.size,
    close: () => store.shutdown(),
  }
}

async function fastifyRateLimit({ users, windowMs }: SubjectOptions): Promise<Subject> {
  const { default: LocalStore } = await import('@fastify/rate-limit/store/LocalStore.js')
  const store = new LocalStore(false, false, users)
  let hits = 0
  const done = (_error: Error | null, { current }: { current: number }) => {
    hits = current
  }
  return {
    kind: 'sync',
    decide(id) {
      store.incr(id, done, windowMs, LIMIT)
      return hits <= LIMIT
    },
    size: () => store.lru.size,
    close: nothing,
  }
}

async function honoRateLimiter({ windowMs }: SubjectOptions): Promise<Subject> {
  const { MemoryStore } = await import('hono-rate-limiter')
  const store = new MemoryStore()
  store.init({ windowMs } as Parameters<typeof store.init>[0])
  return {
    kind: 'sync',
    decide: (id) => store.increment(id).totalHits <= LIMIT,
    size: () => store.current.size + store.previous.size,
    close: () => store.shutdown(),
  }
}

async function limiterPerUser({ windowMs }: SubjectOptions): Promise<Subject> {
  const { RateLimiter } = await import('limiter')
  const limiters = new Map<string, InstanceType<typeof RateLimiter>>()
  return {
    kind: 'sync',
    decide(id) {
      let limiter = limiters.get(id)
      if (limiter === undefined) {
        limiter = new RateLimiter({ tokensPerInterval: LIMIT, interval: windowMs })
        limiters.set(id, limiter)
      }
      return limiter.tryRemoveTokens(1)
    },
    size: () => limiters.size,
    close: nothing,
  }
}

async function rollingRateLimiter({ windowMs }: SubjectOptions): Promise<Subject> {
  const { InMemoryRateLimiter } = await import('rolling-rate-limiter')
  const limiter = new InMemoryRateLimiter({ interval: windowMs, maxInInterval: LIMIT })
  return { kind: 'async', decide: async (id) => !(await limiter.limit(id)), size: unknownSize, close: nothing }
}

async function fastRatelimit({ windowMs }: SubjectOptions): Promise<Subject> {
  const { FastRateLimit } = await import('fast-ratelimit')
  const limiter = new FastRateLimit({ threshold: LIMIT, ttl: windowMs / 1000 })
  return { kind: 'sync', decide: (id) => limiter.consumeSync(id), size: unknownSize, close: nothing }
}

async function hitlimit({ windowMs }: SubjectOptions): Promise<Subject> {
  const { memoryStore } = await import('@joint-ops/hitlimit/stores/memory')
  const store = memoryStore()
  return {
    kind: 'sync',
    decide: (id) => store.hit(id, windowMs, LIMIT).count <= LIMIT,
    size: unknownSize,
    close: () => store.shutdown(),
  }
}

async function tsRateLimiter({ windowMs }: SubjectOptions): Promise<Subject> {
  const { RateLimiter } = await import('ts-rate-limiter')
  const limiter = new RateLimiter({ windowMs, maxRequests: LIMIT })
  return {
    kind: 'async',
    decide: async (id) => (await limiter.consume(id)).allowed,
    size: unknownSize,
    close: () => limiter.dispose(),
  }
}
