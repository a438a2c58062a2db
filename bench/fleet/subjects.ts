/**
 * The limiters, each over ioredis, which all of them can use. What is not named here is left as it is by default. Each decides
 * whether a user is admitted, once.
 */
import type { Redis } from 'ioredis'
import type { FleetSubjectName } from './protocol.js'
import { LIMIT, PROCESSES, WINDOW_MS } from './protocol.js'

export type Decide = (userId: string) => boolean | Promise<boolean>

interface Subject {
  readonly label: string
  /** How it is used. */
  readonly use: string
  /** Whether it decides without waiting for the store. */
  readonly isSynchronous?: true
  /** The processes that hammer one user. */
  readonly hammering: number
  open(client: Redis): Promise<Decide>
}

/** Packages whose versions go into the results. */
export const PACKAGES = [
  'spillway',
  'ioredis',
  'rate-limiter-flexible',
  'rate-limit-redis',
  '@upstash/ratelimit',
  '@fastify/rate-limit',
]

/** Longer than the default of 20 ms: here a busy machine is to be measured, and not a decision without the store. */
const TIMEOUT_MS = 5000

export const FLEET_SUBJECTS: { readonly [Name in FleetSubjectName]: Subject } = {
  spillway: {
    label: 'Spillway',
    use: '`check`',
    hammering: 4,
    async open(client) {
      const { check } = await openFleet(client)
      return async (userId) => (await check(userId)).allowed
    },
  },
  'spillway-sync': {
    label: 'Spillway',
    use: `\`isAllowed\`, ${PROCESSES} processes`,
    isSynchronous: true,
    hammering: PROCESSES,
    async open(client) {
      const { isAllowed } = await openFleet(client)
      return (userId) => isAllowed(userId)
    },
  },
  'rate-limiter-flexible': {
    label: 'rate-limiter-flexible',
    use: '`RateLimiterRedis`',
    hammering: 4,
    open: (client) => openFlexible(client, {}),
  },
  'rate-limiter-flexible-block': {
    label: 'rate-limiter-flexible',
    use: '`inMemoryBlockOnConsumed`',
    hammering: 4,
    open: (client) => openFlexible(client, { inMemoryBlockOnConsumed: LIMIT }),
  },
  'rate-limit-redis': {
    label: 'rate-limit-redis',
    use: '`increment`',
    hammering: 4,
    async open(client) {
      const { RedisStore } = await import('rate-limit-redis')
      const store = new RedisStore({
        sendCommand: (command: string, ...args: string[]) => client.call(command, ...args) as Promise<number>,
      })
      // All that it reads of them is the window.
      await store.init({ windowMs: WINDOW_MS } as Parameters<typeof store.init>[0])
      return async (userId) => (await store.increment(userId)).totalHits <= LIMIT
    },
  },
  upstash: {
    label: '@upstash/ratelimit',
    use: '`slidingWindow`',
    hammering: 4,
    async open(client) {
      const { Ratelimit } = await import('@upstash/ratelimit')
      const redis = upstashClient(client) as unknown as ConstructorParameters<typeof Ratelimit>[0]['redis']
      const limiter = new Ratelimit({ redis, limiter: Ratelimit.slidingWindow(LIMIT, `${WINDOW_MS} ms`) })
      return async (userId) => (await limiter.limit(userId)).success
    },
  },
  fastify: {
    label: '@fastify/rate-limit',
    use: 'its `RedisStore`',
    hammering: 4,
    async open(client) {
      const { default: RedisStore } = await import('@fastify/rate-limit/store/RedisStore.js')
      const store = new RedisStore(false, false, client)
      return (userId) =>
        new Promise((resolve, reject) => {
          const done = (error: Error | null, entry: { current: number } | null) =>
            error ? reject(error) : resolve((entry?.current ?? 0) <= LIMIT)
          store.incr(userId, done, WINDOW_MS, LIMIT)
        })
    },
  },
  gcra: {
    label: 'GCRA, a plain script',
    use: '`EVALSHA`',
    hammering: 4,
    async open(client) {
      client.defineCommand('gcra', { numberOfKeys: 1, lua: GCRA })
      const { gcra } = client as unknown as { gcra: Gcra }
      const [emission, capacity] = [String((WINDOW_MS * 1000) / LIMIT), String(LIMIT)]
      return async (userId) => (await gcra.call(client, `gcra:${userId}`, emission, capacity))[0] === 1
    },
  },
}

type Gcra = (this: Redis, key: string, emission: string, capacity: string) => Promise<[admitted: number, wait: number]>

/**
 * The generic cell rate algorithm as virtual scheduling: ATM Forum, Traffic Management Specification 4.0 (af-tm-0056.000), 1996;
 * for requests in Redis: B. Leach, "Rate Limiting, Cells, and GCRA", https://brandur.org/rate-limiting.
 * Of a user it keeps the theoretical time at which the next request would come at an even pace.
 */
const GCRA = `
local emission, capacity = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local arrival = tonumber(redis.call('GET', KEYS[1]) or now)
if arrival < now then arrival = now end
arrival = arrival + emission
local wait = arrival - emission * capacity - now
if wait > 0 then return { 0, wait } end
redis.call('SET', KEYS[1], string.format('%.0f', arrival), 'PX', math.ceil((arrival - now) / 1000))
return { 1, 0 }
`

async function openFleet(client: Redis) {
  const { loadFleetLimiter, redisStore } = await import('spillway/fleet')
  return loadFleetLimiter({
    store: redisStore(client),
    name: 'api',
    limit: LIMIT,
    windowMs: WINDOW_MS,
    processes: PROCESSES,
    timeoutMs: TIMEOUT_MS,
    onUnavailable: 'deny',
    onStateChange: (state, error) => {
      if (state === 'unavailable') throw error
    },
  })
}

async function openFlexible(client: Redis, options: { inMemoryBlockOnConsumed?: number }): Promise<Decide> {
  const { RateLimiterRedis } = await import('rate-limiter-flexible')
  const limiter = new RateLimiterRedis({
    storeClient: client,
    points: LIMIT,
    duration: WINDOW_MS / 1000,
    ...options,
  })
  return async (userId) => {
    try {
      await limiter.consume(userId)
      return true
    } catch (denial) {
      // A denial is a rejection that is no error.
      if (denial instanceof Error) throw denial
      return false
    }
  }
}

/**
 * What @upstash/ratelimit wants of its client. Its scripts begin with a line of flags that Upstash's own servers know and Redis does
 * not: without the line they run as they are, under another hash.
 */
function upstashClient(client: Redis) {
  const hashes = new Map<string, string>()
  const texts = (values: readonly unknown[]) => values.map(String)
  return {
    evalsha(hash: string, keys: string[], args: unknown[]): Promise<unknown> {
      const own = hashes.get(hash)
      if (own === undefined) return Promise.reject(new Error('NOSCRIPT'))
      return client.evalsha(own, keys.length, ...keys, ...texts(args))
    },
    async eval(script: string, keys: string[], args: unknown[]): Promise<unknown> {
      const { createHash } = await import('node:crypto')
      const own = (await client.script('LOAD', script.replace(/^#!.*/, ''))) as string
      hashes.set(createHash('sha1').update(script).digest('hex'), own)
      return client.evalsha(own, keys.length, ...keys, ...texts(args))
    },
  }
}
