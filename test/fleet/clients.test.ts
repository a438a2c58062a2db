/** One suite, run by each client of Redis and Valkey: against a server alone, with Sentinel, and in a cluster. */
import { GlideClient, GlideClusterClient, Logger } from '@valkey/valkey-glide'
import * as ioredis from 'ioredis'
import * as iovalkey from 'iovalkey'
import * as redis from 'redis'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { FleetLimiter, FleetOptions, RedisClient } from '../../src/fleet/index.js'
import { loadFleetLimiter, redisStore } from '../../src/fleet/index.js'
import type { RedisCluster, RedisSentinels, RedisServer } from './redis-servers.js'
import { hasRedis, startCluster, startRedis, startSentinel } from './redis-servers.js'

interface Connected {
  readonly client: RedisClient
  close(): unknown
}

/** Far longer than any test takes, so that nothing comes back meanwhile. */
const HOUR_MS = 3_600_000

let alone: RedisServer
let cluster: RedisCluster
let sentinel: RedisSentinels

const host = '127.0.0.1'
const nodes = () => cluster.masters.map(({ port }) => ({ host, port }))
const sentinels = () => sentinel.sentinels.map(({ port }) => ({ host, port }))

/** What node-redis gives: all of it has the same methods. */
async function nodeRedis(client: {
  on(event: 'error', listener: () => void): unknown
  connect(): Promise<unknown>
  destroy(): unknown
}): Promise<Connected> {
  client.on('error', () => {})
  await client.connect()
  return { client: client as never, close: () => client.destroy() }
}

/** What ioredis and iovalkey give. */
function ioRedis(client: { on(event: 'error', listener: () => void): unknown; disconnect(): void }): Connected {
  client.on('error', () => {})
  return { client: client as never, close: () => client.disconnect() }
}

interface Kind {
  readonly name: string
  readonly servers: () => readonly RedisServer[]
  connect(): Promise<Connected> | Connected
}

const ofAlone = () => [alone]
const ofCluster = () => cluster.masters
const ofSentinel = () => [sentinel.master]
const requestTimeout = 60_000

const kinds: Kind[] = [
  { name: 'redis', servers: ofAlone, connect: () => nodeRedis(redis.createClient({ url: alone.url })) },
  {
    name: 'redis, RESP2',
    servers: ofAlone,
    connect: () => nodeRedis(redis.createClient({ url: alone.url, RESP: 2 })),
  },
  { name: 'redis, a pool', servers: ofAlone, connect: () => nodeRedis(redis.createClientPool({ url: alone.url })) },
  {
    name: 'redis, a cluster',
    servers: ofCluster,
    connect: () => nodeRedis(redis.createCluster({ rootNodes: cluster.masters.map(({ url }) => ({ url })) })),
  },
  {
    name: 'redis, Sentinel',
    servers: ofSentinel,
    connect: () => nodeRedis(redis.createSentinel({ name: sentinel.name, sentinelRootNodes: sentinels() })),
  },
  { name: 'ioredis', servers: ofAlone, connect: () => ioRedis(new ioredis.Redis(alone.port, host)) },
  { name: 'ioredis, a cluster', servers: ofCluster, connect: () => ioRedis(new ioredis.Cluster(nodes())) },
  {
    name: 'ioredis, Sentinel',
    servers: ofSentinel,
    connect: () => ioRedis(new ioredis.Redis({ sentinels: sentinels(), name: sentinel.name })),
  },
  { name: 'iovalkey', servers: ofAlone, connect: () => ioRedis(new iovalkey.Redis(alone.port, host)) },
  { name: 'iovalkey, a cluster', servers: ofCluster, connect: () => ioRedis(new iovalkey.Cluster(nodes())) },
  {
    name: 'iovalkey, Sentinel',
    servers: ofSentinel,
    connect: () => ioRedis(new iovalkey.Redis({ sentinels: sentinels(), name: sentinel.name })),
  },
  {
    name: '@valkey/valkey-glide',
    servers: ofAlone,
    connect: async () => {
      const client = await GlideClient.createClient({ addresses: [{ host, port: alone.port }], requestTimeout })
      return { client, close: () => client.close() }
    },
  },
  {
    name: '@valkey/valkey-glide, a cluster',
    servers: ofCluster,
    connect: async () => {
      const client = await GlideClusterClient.createClient({ addresses: nodes(), requestTimeout })
      return { client, close: () => client.close() }
    },
  },
  {
    name: 'a plain function',
    servers: ofAlone,
    connect: async () => {
      const client = await redis.createClient({ url: alone.url }).connect()
      return { client: (command: string[]) => client.sendCommand(command), close: () => client.destroy() }
    },
  },
]

describe.skipIf(!hasRedis)('clients', () => {
  beforeAll(async () => {
    // It warns of every error that it passes on.
    Logger.setLoggerConfig('error')
    ;[alone, cluster, sentinel] = await Promise.all([startRedis(), startCluster(), startSentinel()])
  })
  afterAll(async () => {
    await Promise.all([alone, cluster, sentinel].map((servers) => servers?.stop()))
  })

  describe.each(kinds)('$name', ({ name, connect, servers }) => {
    let connected: Connected
    let limits = 0
    beforeAll(async () => {
      connected = await connect()
    })
    afterAll(() => connected?.close())

    /** A limit of its own, as so many processes have it. */
    const processes = (count: number, options: Partial<FleetOptions> = {}): Promise<FleetLimiter[]> => {
      const shared: Omit<FleetOptions, 'store'> = {
        ...{
          name: `${name} ${limits++}`,
          processes: count,
          timeoutMs: 60_000,
          limit: 5,
          windowMs: HOUR_MS,
          burst: false,
        },
        ...options,
      }
      return Promise.all(
        Array.from({ length: count }, () => loadFleetLimiter({ ...shared, store: redisStore(connected.client) })),
      )
    }

    test('two processes share a limit: check, peek, refund, charge, reset', async () => {
      const [one, two] = (await processes(2)) as [FleetLimiter, FleetLimiter]
      const first = await one.check('user', 2)
      expect(first).toMatchObject({ allowed: true, limit: 5, remaining: 3, fromBurst: 0, reason: undefined })
      expect(first.resetMs).toBeLessThanOrEqual(HOUR_MS + 120)
      expect(await two.check('user', { cost: 2, limit: 3 })).toMatchObject({ allowed: false, reason: 'limit' })
      expect(await two.check('user', 3)).toMatchObject({ allowed: true, remaining: 0 })
      const denied = await one.check('user')
      expect(denied).toMatchObject({ allowed: false, remaining: 0, reason: 'limit' })
      expect(denied.retryAfterMs).toBeGreaterThan(HOUR_MS / 2)
      // One was told until when: it does not ask again.
      expect(await one.check('user')).toMatchObject({ allowed: false })
      expect(one.stats()).toMatchObject({ state: 'available', failures: 0, decidedAlone: 0, denialsKnown: 1 })
      await one.refund('user', 2)
      expect(await two.peek('user')).toMatchObject({ allowed: true, remaining: 2 })
      expect(await two.charge('user', 3)).toBe(1)
      expect(await one.peek('user')).toMatchObject({ allowed: false, remaining: 0 })
      await two.reset('user')
      expect(await two.peek('user')).toMatchObject({ allowed: true, remaining: 5 })
      expect(await two.check('another')).toMatchObject({ allowed: true, remaining: 4 })
    })

    test('blocks: in all processes, until they are lifted', async () => {
      const [one, two] = (await processes(2)) as [FleetLimiter, FleetLimiter]
      await one.block('user', HOUR_MS)
      const denied = await two.check('user')
      expect(denied).toMatchObject({ allowed: false, reason: 'blocked' })
      expect(denied.retryAfterMs).toBeGreaterThan(HOUR_MS / 2)
      expect(one.isAllowed('user')).toBe(false)
      await two.unblock('user')
      expect(await two.check('user')).toMatchObject({ allowed: true, remaining: 4 })
    })

    test('burst tokens: spent, told and given back', async () => {
      const burst = { capacity: 3, refillPerSecond: 1000 }
      const [one, two] = (await processes(2, { burst })) as [FleetLimiter, FleetLimiter]
      // A user never seen has been idle since the limit began.
      await expect.poll(() => two.getBurstAllowance('user')).toBe(3)
      expect(await one.check('user', 7)).toMatchObject({ allowed: true, fromBurst: 2, remaining: 0, burstRemaining: 1 })
      expect(await two.getBurstAllowance('user')).toBe(1)
      await two.refund('user', 2, 2)
      expect(await one.getBurstAllowance('user')).toBe(3)
    })

    test('isAllowed: what one process admits, others hear of', async () => {
      const [one, two] = (await processes(2, { limit: 8 })) as [FleetLimiter, FleetLimiter]
      for (let step = 0; step < 4; step++) expect(one.isAllowed('user')).toBe(true)
      // Half of the allowance of 4 is unreported at most.
      await expect.poll(async () => (await two.peek('user')).remaining).toBeLessThanOrEqual(6)
      await one.check('user')
      expect(await two.peek('user')).toMatchObject({ remaining: 3 })
      expect(one.stats().failures).toBe(0)
    })

    test('ids of every kind are users of their own', async () => {
      const [one, two] = (await processes(2, { limit: 1 })) as [FleetLimiter, FleetLimiter]
      const ids = [
        ...[
          '',
          ' ',
          'a',
          'A',
          'é',
          'e\u0301',
          'ß',
          '漢字',
          '👩‍👩‍👧',
          '\0',
          'a\0b',
          '\n',
          '\r\n',
          'a\r\nDEL x\r\n',
          '"',
          "'",
          '\\',
        ],
        ...[
          '{',
          '}',
          '{}',
          '{a}',
          '}{',
          'a}',
          '{a',
          '}:16',
          'd800}:16',
          ':',
          ';',
          '*',
          '?',
          '[a]',
          '%',
          '$0',
          '--',
          'NOSCRIPT',
        ],
        ...['\ud800', '\udc00', '\ud800x', '\udc00\ud800', '\ufffd', '\ufeff', '__proto__', 'constructor'],
        ...[
          'x'.repeat(10_000),
          `${'x'.repeat(9_999)}y`,
          '漢'.repeat(10_000),
          '\ud800'.repeat(10_000),
          '1',
          '1.0',
          '-1',
        ],
      ]
      const decisions = await Promise.all(ids.map((id) => one.check(id)))
      expect(decisions.filter(({ allowed }) => !allowed)).toEqual([])
      const again = await Promise.all(ids.map((id) => two.check(id)))
      expect(again.filter(({ allowed }) => allowed)).toEqual([])
      for (const id of ids) await two.reset(id)
      expect((await Promise.all(ids.map((id) => two.peek(id)))).filter(({ allowed }) => !allowed)).toEqual([])
      expect(one.stats().failures + two.stats().failures).toBe(0)
    })

    test('servers that have lost the script get it anew', async () => {
      const [limiter] = (await processes(1)) as [FleetLimiter]
      await limiter.check('user')
      for (const { command } of servers()) await command('SCRIPT', 'FLUSH')
      const decisions = await Promise.all(['user', 'other', 'a third', 'a fourth'].map((id) => limiter.check(id)))
      expect(decisions.map(({ allowed, remaining }) => [allowed, remaining])).toEqual([
        [true, 3],
        ...[1, 2, 3].map(() => [true, 4]),
      ])
      for (const { command } of servers()) await command('SCRIPT', 'FLUSH')
      expect(await limiter.charge('user', 1)).toBe(0)
      expect(limiter.stats()).toMatchObject({ failures: 0, decidedAlone: 0, state: 'available' })
    })

    test('an error that concerns one user does not concern the store', async () => {
      const onStateChange = vi.fn()
      const [limiter] = (await processes(1, { name: `foreign ${name}`, onStateChange })) as [FleetLimiter]
      const key = `foreign ${name}/${HOUR_MS}:{user}`
      // In a cluster, those who do not have the key refuse.
      for (const { command } of servers()) await command('RPUSH', key, 'a list').catch(() => {})
      for (let time = 0; time < 5; time++) {
        await expect(limiter.peek('user')).rejects.toThrow('WRONGTYPE')
        expect(await limiter.check('another')).toMatchObject({ allowed: true })
      }
      for (const { command } of servers()) await command('SET', key, 'a string').catch(() => {})
      for (let time = 0; time < 5; time++) await expect(limiter.charge('user', 1)).rejects.toThrow('SPILLWAY')
      // By the process's share, which is all there is.
      expect(await limiter.check('user')).toMatchObject({ allowed: true, remaining: 4 })
      expect(limiter.stats()).toMatchObject({ state: 'available', failures: 11, decidedAlone: 1 })
      expect(onStateChange).not.toHaveBeenCalled()
      await limiter.reset('user')
      expect(await limiter.peek('user')).toMatchObject({ allowed: true, remaining: 5 })
    })

    test('limits of one store are apart: by name, and by window', async () => {
      const store = redisStore(connected.client)
      const options = { store, name: `windows ${name}`, processes: 1, burst: false as const, timeoutMs: 60_000 }
      const long = await loadFleetLimiter({ ...options, limit: 2, windowMs: HOUR_MS })
      const longer = await loadFleetLimiter({ ...options, limit: 3, windowMs: 2 * HOUR_MS })
      expect(await long.check('user', 2)).toMatchObject({ allowed: true, remaining: 0 })
      const decision = await longer.check('user', 2)
      expect(decision).toMatchObject({ allowed: true, remaining: 1 })
      expect(decision.resetMs).toBeGreaterThan(HOUR_MS * 1.5)
      expect((await long.peek('user')).resetMs).toBeLessThan(HOUR_MS * 1.5)
    })

    test('what is wrong is refused before anything is sent', async () => {
      const [limiter] = (await processes(1)) as [FleetLimiter]
      const { asked } = limiter.stats()
      const wrong = limiter as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
      await expect(wrong.check!(5)).rejects.toThrow(TypeError)
      await expect(wrong.check!('user', '1')).rejects.toThrow(TypeError)
      await expect(wrong.check!('user', { price: 1 })).rejects.toThrow(TypeError)
      await expect(wrong.check!('user', 0)).rejects.toThrow(RangeError)
      await expect(wrong.check!('user', { limit: 6 })).rejects.toThrow(RangeError)
      await expect(wrong.peek!('user', 1.5)).rejects.toThrow(RangeError)
      await expect(wrong.refund!('user', 1, 2)).rejects.toThrow(RangeError)
      await expect(wrong.charge!('user')).rejects.toThrow(TypeError)
      await expect(wrong.block!('user', 0)).rejects.toThrow(RangeError)
      await expect(wrong.unblock!(null)).rejects.toThrow(TypeError)
      await expect(wrong.reset!({})).rejects.toThrow(TypeError)
      expect(() => wrong.isAllowed!('user', 6)).toThrow(RangeError)
      expect(limiter.stats().asked).toBe(asked)
      limiter.close()
      await expect(limiter.check('user')).rejects.toThrow('closed')
      await expect(limiter.reset('user')).rejects.toThrow('closed')
    })
  })
})

test('what is no client is refused, with the names of those that are', () => {
  for (const client of [undefined, null, {}, 'redis://localhost', { call: () => {} }, new Map()]) {
    expect(() => redisStore(client as never)).toThrow(/one of redis, ioredis, iovalkey or @valkey\/valkey-glide/)
  }
})
