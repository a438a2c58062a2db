/** Failures of a real server and of the way to it: decisions go on, the bound holds, and what was told of the state is true. */
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import type { TestContext } from 'vitest'
import { describe, expect, test } from 'vitest'
import type { FleetOptions, RedisClient } from '../../src/fleet/index.js'
import { expectAllHandled } from '../support/unhandled.js'
import type { FleetProcess } from './fleet-traffic.js'
import { startProcess, startTraffic, worstWindowOf, wrongStates } from './fleet-traffic.js'
import type { ProxyServer } from './proxy.js'
import { startProxy } from './proxy.js'
import type { RedisServer } from './redis-servers.js'
import { hasRedis, startRedis, until } from './redis-servers.js'

const HOUR_MS = 3_600_000
const LIMIT = 8
const PROCESSES = 2
const ALLOWANCE = LIMIT / PROCESSES
const BOUND = LIMIT + PROCESSES * ALLOWANCE
const WINDOW_MS = 250
// Many, since most denials are known and ask for nothing.
const USERS = Array.from({ length: 30 }, (_, index) => `user ${index}`)

/** Two that differ in what they do while they are not connected: refuse at once, and keep commands to send them later. */
const clients = [
  {
    name: 'redis',
    connect: async (port: number) => {
      const client = createClient({
        url: `redis://127.0.0.1:${port}`,
        disableOfflineQueue: true,
        socket: { reconnectStrategy: 20 },
      })
      client.on('error', () => {})
      await client.connect()
      return { client: client as unknown as RedisClient, close: () => client.destroy() }
    },
  },
  {
    name: 'ioredis',
    connect: async (port: number) => {
      const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 20 })
      client.on('error', () => {})
      return { client: client as unknown as RedisClient, close: () => client.disconnect() }
    },
  },
]

expectAllHandled()

/** Tests here mostly wait, each for servers of its own: several at once. What one started ends with it, the last first. */
async function started(context: TestContext, options: readonly string[] = []): Promise<RedisServer> {
  const server = await startRedis(options)
  context.onTestFinished(() => server.stop())
  return server
}

function expectBound(processes: readonly FleetProcess[], bound = BOUND): void {
  expect(worstWindowOf(processes, WINDOW_MS)).toBeLessThanOrEqual(bound)
}

let limits = 0
describe.skipIf(!hasRedis).concurrent.each(clients)('$name', ({ connect }) => {
  /** Two processes that share a limit, each with a client of its own. */
  async function fleet(
    context: TestContext,
    port: number,
    options: Partial<FleetOptions> = {},
  ): Promise<FleetProcess[]> {
    const shared = { name: `failures ${limits++}`, limit: LIMIT, windowMs: WINDOW_MS, processes: PROCESSES, ...options }
    const processes: FleetProcess[] = []
    for (let index = 0; index < PROCESSES; index++) {
      const { client, close } = await connect(port)
      context.onTestFinished(() => void close())
      processes.push(await startProcess(client, shared))
    }
    return processes
  }

  const all = (processes: FleetProcess[], state: string) =>
    until(() => processes.every(({ limiter }) => limiter.stats().state === state))
  const answered = (processes: FleetProcess[], times = 15) => {
    const before = processes.map(({ limiter }) => limiter.stats())
    return until(() =>
      processes.every(({ limiter }, index) => {
        const [now, then] = [limiter.stats(), before[index]!]
        return now.asked - now.failures - then.asked + then.failures >= times
      }),
    )
  }
  const decided = (processes: FleetProcess[], times: number) => {
    const before = processes.map(({ limiter }) => limiter.stats())
    return until(() =>
      processes.every(({ limiter }, index) => {
        const [now, then] = [limiter.stats(), before[index]!]
        return now.allowed + now.denied - then.allowed - then.denied >= times
      }),
    )
  }

  /** Traffic, the failure, traffic without the store, its end, and traffic again. */
  async function through(processes: FleetProcess[], fail: () => unknown, mend: () => unknown): Promise<void> {
    const end = startTraffic(processes, USERS)
    try {
      await answered(processes)
      await fail()
      await until(() => processes.every(({ states }) => states.includes('unavailable')))
      const before = processes.map(({ limiter }) => limiter.stats())
      const began = performance.now()
      await decided(processes, 60)
      // Pauses are 50 ms at least. One whose state was mended in between, by a denial that writes nothing, asked until it failed again.
      const pauses = (performance.now() - began) / 50 + 2
      for (const [index, { limiter, states }] of processes.entries()) {
        const asked = limiter.stats().asked - before[index]!.asked
        if (states.length === 2) expect(asked).toBeLessThanOrEqual(pauses)
      }
      await mend()
      await all(processes, 'available')
      await answered(processes)
    } finally {
      await end()
    }
    for (const process of processes) {
      expect(wrongStates(process)).toEqual([])
      expect(process.states.slice(0, 2)).toEqual(['available', 'unavailable'])
    }
  }

  test('a server that crashes and comes back empty', async (context) => {
    const server = await started(context)
    const processes = await fleet(context, server.port)
    await through(
      processes,
      () => server.stop('SIGKILL'),
      () => server.restart(),
    )
    // What it knew is gone: once, a window may hold what it admitted before and what it admits anew.
    expectBound(processes, LIMIT + BOUND)
  })

  test('a server that crashes and comes back with all that it knew', async (context) => {
    const server = await started(context, ['--appendonly', 'yes', '--appendfsync', 'always'])
    const processes = await fleet(context, server.port)
    await through(
      processes,
      () => server.stop('SIGKILL'),
      () => server.restart(),
    )
    expectBound(processes)
    const [one, two] = (await fleet(context, server.port, {
      windowMs: HOUR_MS,
      timeoutMs: 60_000,
    })) as [FleetProcess, FleetProcess]
    for (let place = 0; place < LIMIT; place++) expect(await one.check('user')).toMatchObject({ allowed: true })
    await server.stop('SIGKILL')
    await server.restart()
    await until(async () => two.limiter.peek('user').then(...outcome))
    expect(await two.check('user')).toMatchObject({ allowed: false, remaining: 0 })
    expect(two.limiter.stats().decidedAlone).toBe(0)
  })

  test('scripts are flushed all the time', async (context) => {
    const server = await started(context)
    const processes = await fleet(context, server.port)
    const end = startTraffic(processes, USERS)
    for (let time = 0; time < 15; time++) {
      await server.command('SCRIPT', 'FLUSH')
      await answered(processes, 3)
    }
    await end()
    expectBound(processes)
    for (const process of processes) expect(wrongStates(process)).toEqual([])
  })

  test('a server that is full', async (context) => {
    const server = await started(context, ['--maxmemory-policy', 'noeviction'])
    const processes = await fleet(context, server.port)
    await through(
      processes,
      () => server.command('CONFIG', 'SET', 'maxmemory', '1'),
      () => server.command('CONFIG', 'SET', 'maxmemory', '0'),
    )
    expectBound(processes)
  })

  test('a server that only reads, as a master that became a replica', async (context) => {
    const server = await started(context)
    const processes = await fleet(context, server.port)
    await through(
      processes,
      () => server.command('REPLICAOF', '127.0.0.1', '1'),
      () => server.command('REPLICAOF', 'NO', 'ONE'),
    )
    expectBound(processes)
  })

  test('a server that is busy with something else', async (context) => {
    const server = await started(context, ['--enable-debug-command', 'yes'])
    const processes = await fleet(context, server.port, { timeoutMs: 50 })
    /** Again, where the machine is so busy that nobody has noticed. */
    const sleep = async () => {
      do await server.command('DEBUG', 'SLEEP', '0.5')
      while (!processes.every(({ states }) => states.includes('unavailable')))
    }
    let slept: Promise<unknown> = Promise.resolve()
    await through(
      processes,
      () => {
        slept = sleep()
      },
      () => slept,
    )
    expectBound(processes)
  })

  test('a server that disconnects all clients, again and again', async (context) => {
    const server = await started(context)
    const processes = await fleet(context, server.port)
    const end = startTraffic(processes, USERS)
    for (let time = 0; time < 6; time++) {
      await answered(processes, 10)
      await server.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    }
    await all(processes, 'available')
    await answered(processes)
    await end()
    expectBound(processes)
    for (const process of processes) expect(wrongStates(process)).toEqual([])
  })

  describe('a way to the server', () => {
    async function startWay(context: TestContext): Promise<ProxyServer> {
      const server = await started(context)
      const proxy = await startProxy(server)
      context.onTestFinished(() => proxy.stop())
      return proxy
    }

    test('that is slow', async (context) => {
      const proxy = await startWay(context)
      const processes = await fleet(context, proxy.port, { timeoutMs: 60 })
      await through(
        processes,
        () => {
          proxy.delayMs = 100
        },
        () => {
          proxy.delayMs = 0
        },
      )
      expectBound(processes)
    })

    test('that stalls', async (context) => {
      const proxy = await startWay(context)
      const processes = await fleet(context, proxy.port, { timeoutMs: 60 })
      await through(
        processes,
        () => {
          proxy.stalled = true
        },
        () => {
          proxy.stalled = false
        },
      )
      expectBound(processes)
    })

    test('that is cut, and closed for a while', async (context) => {
      const proxy = await startWay(context)
      const processes = await fleet(context, proxy.port)
      await through(
        processes,
        () => {
          proxy.refuses = true
          proxy.cut()
        },
        () => {
          proxy.refuses = false
        },
      )
      expectBound(processes)
    })

    test('that is cut while questions are on it', async (context) => {
      const proxy = await startWay(context)
      const processes = await fleet(context, proxy.port, { timeoutMs: 60 })
      const end = startTraffic(processes, USERS)
      for (let time = 0; time < 8; time++) {
        proxy.stalled = true
        // Answers are on their way, which never come.
        await until(() => proxy.connections.some(({ waiting }) => waiting > 0))
        proxy.cut()
        proxy.stalled = false
        await all(processes, 'available')
        await answered(processes, 5)
      }
      await end()
      expectBound(processes)
      for (const process of processes) expect(wrongStates(process)).toEqual([])
    })

    test('on which connections overtake each other', async (context) => {
      const proxy = await startWay(context)
      const processes = await fleet(context, proxy.port)
      const end = startTraffic(processes, USERS)
      for (let time = 0; time < 12; time++) {
        const held = proxy.connections[time % proxy.connections.length]
        if (held === undefined) continue
        held.stalled = true
        await until(() => held.waiting > 0)
        held.stalled = false
        await answered(processes, 1)
      }
      await end()
      expectBound(processes)
      for (const process of processes) expect(wrongStates(process)).toEqual([])
    })
  })
})

/** Whether a promise is kept, as arguments of `then`. */
const outcome = [() => true, () => false] as const
