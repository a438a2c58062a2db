/** Servers that stand in for each other: Sentinel's failover, a master of a cluster that is lost, and slots that move. */
import * as ioredis from 'ioredis'
import * as redis from 'redis'
import type { TestContext } from 'vitest'
import { describe, expect, test } from 'vitest'
import type { RedisClient } from '../../src/fleet/index.js'
import { expectAllHandled } from '../support/unhandled.js'
import type { FleetProcess } from './fleet-traffic.js'
import { startProcess, startTraffic, wrongStates } from './fleet-traffic.js'
import type { RedisCluster, RedisSentinels, RedisServer } from './redis-servers.js'
import { hasRedis, startCluster, startSentinel, until } from './redis-servers.js'

const HOUR_MS = 3_600_000
const host = '127.0.0.1'

expectAllHandled()

/** Tests here mostly wait, each for servers of its own: all at once. What one started ends with it, the last first. */
const nodeRedis = async (
  context: TestContext,
  client: {
    on(event: 'error', listener: () => void): unknown
    connect(): Promise<unknown>
    destroy(): unknown
  },
): Promise<RedisClient> => {
  client.on('error', () => {})
  context.onTestFinished(() => void client.destroy())
  await client.connect()
  return client as never
}
const ioRedis = (
  context: TestContext,
  client: { on(event: 'error', listener: () => void): unknown; disconnect(): void },
): RedisClient => {
  client.on('error', () => {})
  context.onTestFinished(() => client.disconnect())
  return client as never
}

/** Whether a promise is kept, as arguments of `then`. */
const outcome = [() => true, () => false] as const

const bySentinel = {
  redis: (context: TestContext, { name, sentinels }: RedisSentinels) =>
    nodeRedis(
      context,
      redis.createSentinel({ name, sentinelRootNodes: sentinels.map(({ port }) => ({ host, port })) }),
    ),
  ioredis: (context: TestContext, { name, sentinels }: RedisSentinels) =>
    ioRedis(context, new ioredis.Redis({ sentinels: sentinels.map(({ port }) => ({ host, port })), name })),
}

describe.skipIf(!hasRedis).concurrent.each(Object.entries(bySentinel))('Sentinel, by %s', (_, connect) => {
  test('a master is lost: its replica goes on with what it was told', async (context) => {
    const servers = await startSentinel()
    context.onTestFinished(() => servers.stop())
    const options = { name: 'failover', limit: 10, windowMs: HOUR_MS, processes: 2, allowance: 2, timeoutMs: 1000 }
    const processes: FleetProcess[] = []
    for (let index = 0; index < 2; index++) processes.push(await startProcess(await connect(context, servers), options))
    const [one, two] = processes as [FleetProcess, FleetProcess]
    for (let place = 0; place < 6; place++) expect(await one.check('user')).toMatchObject({ allowed: true })
    await until(async () => Number(await servers.master.command('WAIT', '1', '100')) === 1)
    const end = startTraffic(processes, ['another', 'a third', 'a fourth'])
    await servers.master.stop('SIGKILL')
    // On its promotion it disconnects everybody.
    const role = () => servers.replica.command('INFO', 'replication').catch(() => '')
    await until(async () => /role:master/.test(String(await role())))
    await until(() => processes.every(({ limiter }) => limiter.stats().state === 'available'))
    for (const { limiter } of processes) await until(() => limiter.peek('user').then(...outcome))
    await end()
    expect((await two.limiter.peek('user')).remaining).toBe(4)
    for (let request = 0; request < 12; request++) for (const process of processes) await process.check('user')
    const admitted = processes.flatMap((process) => process.admitted.filter(({ userId }) => userId === 'user'))
    expect(admitted.length).toBeGreaterThanOrEqual(10)
    expect(admitted.length).toBeLessThanOrEqual(10 + 2 * 2)
    for (const process of processes) expect(wrongStates(process)).toEqual([])
  })
})

const byCluster = {
  redis: (context: TestContext, { masters }: RedisCluster) =>
    nodeRedis(context, redis.createCluster({ rootNodes: masters.map(({ url }) => ({ url })) })),
  ioredis: (context: TestContext, { masters }: RedisCluster) =>
    ioRedis(context, new ioredis.Cluster(masters.map(({ port }) => ({ host, port })))),
}

describe.skipIf(!hasRedis).concurrent.each(Object.entries(byCluster))('a cluster, by %s', (_, connect) => {
  function usersOf(cluster: RedisCluster, master: RedisServer, count: number): string[] {
    const users: string[] = []
    for (let index = 0; users.length < count; index++) {
      if (cluster.masterOf(`{user ${index}}`) === master) users.push(`user ${index}`)
    }
    return users
  }

  test('a master of three is lost, and comes back: the users of the others go on', async (context) => {
    const cluster = await startCluster()
    context.onTestFinished(() => cluster.stop())
    const [lost, other] = [cluster.masters[0]!, cluster.masters[1]!]
    // The limit itself is kept by one of those that stay.
    const names = ['limit', 'another', 'a third', 'a fourth', 'a fifth', 'a sixth']
    const name = names.find((name) => cluster.masterOf(`${name}/${HOUR_MS}`) !== lost)!
    const options = { name, limit: 1000, windowMs: HOUR_MS, processes: 1, allowance: 500, timeoutMs: 150 }
    const process = await startProcess(await connect(context, cluster), options)
    const theirs = usersOf(cluster, lost, 3)
    const ours = usersOf(cluster, other, 3)
    for (const user of [...theirs, ...ours]) expect(await process.check(user)).toMatchObject({ allowed: true })
    await lost.stop('SIGKILL')
    // Of the lost master's users the process decides alone; of the others it goes on asking.
    let isOver = false
    const alone = (async () => {
      while (!isOver) {
        for (const user of theirs) expect(await process.check(user)).toMatchObject({ allowed: true })
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
    })()
    let answers = 0
    while (answers < 60 || process.limiter.stats().decidedAlone < 5) {
      for (const user of ours) if (await process.limiter.peek(user).then(...outcome)) answers++
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    isOver = true
    await alone
    expect(wrongStates(process)).toEqual([])
    await lost.restart()
    await until(async () => /cluster_state:ok/.test(String(await lost.command('CLUSTER', 'INFO'))))
    await until(async () => {
      const { decidedAlone, failures } = process.limiter.stats()
      for (const user of theirs) await process.check(user)
      const now = process.limiter.stats()
      return now.decidedAlone === decidedAlone && now.failures === failures
    })
    expect(process.limiter.stats().state).toBe('available')
    expect(wrongStates(process)).toEqual([])
  })

  test('a slot moves while its user is decided about', async (context) => {
    const cluster = await startCluster()
    context.onTestFinished(() => cluster.stop())
    const limit = 200
    const options = { name: 'moves', limit, windowMs: HOUR_MS, processes: 2, allowance: 1, timeoutMs: 60_000 }
    const processes: FleetProcess[] = []
    for (let index = 0; index < 2; index++) processes.push(await startProcess(await connect(context, cluster), options))
    const key = `moves/${HOUR_MS}:{user}`
    const from = cluster.masterOf(key)
    const to = cluster.masters.find((master) => master !== from)!
    const slot = String(await from.command('CLUSTER', 'KEYSLOT', key))
    const [fromId, toId] = [String(await from.command('CLUSTER', 'MYID')), String(await to.command('CLUSTER', 'MYID'))]
    const end = startTraffic(processes, ['user'])
    const more = (by: number) => {
      const { asked } = processes[0]!.limiter.stats()
      return until(() => processes[0]!.limiter.stats().asked >= asked + by)
    }
    await more(10)
    await to.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId)
    await from.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId)
    await more(10)
    await from.command('MIGRATE', host, String(to.port), key, '0', '5000')
    await more(10)
    for (const master of [to, from, ...cluster.masters]) await master.command('CLUSTER', 'SETSLOT', slot, 'NODE', toId)
    await more(10)
    await until(() => processes.every(({ limiter }) => limiter.stats().denied > 0))
    await end()
    const counts = processes.map(({ limiter }) => limiter.stats())
    expect(counts.map(({ failures, decidedAlone }) => [failures, decidedAlone])).toEqual([
      [0, 0],
      [0, 0],
    ])
    const admitted = processes.reduce((sum, process) => sum + process.admitted.length, 0)
    expect(admitted).toBeGreaterThanOrEqual(limit)
    expect(admitted).toBeLessThanOrEqual(limit + 2)
    for (const process of processes) expect(wrongStates(process)).toEqual([])
  })
})
