/** Real servers for tests: started on loopback, unprivileged, on free ports, and ended with the test. */
import type { ChildProcess } from 'node:child_process'
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'redis'
import { afterAll, beforeAll } from 'vitest'

/** Whether tests that want a server can run: in CI they must. */
export const hasRedis = (() => {
  if (process.env.CI === 'true') return true
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    console.warn('Skipped: there is no redis-server here. Debian: apt-get install redis-server redis-sentinel')
    return false
  }
})()

/** Root must not run servers: where the tests do, servers run as nobody. */
const UNPRIVILEGED = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}

/** Servers that run: a test that is ended before it could end them does not leave them behind. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export interface RedisServer {
  readonly port: number
  readonly url: string
  readonly process: ChildProcess
  /** Ends it at once, as a crash does, or in order. */
  stop(signal?: NodeJS.Signals): Promise<void>
  /** Starts it anew on the same port, with what it had saved. */
  restart(): Promise<void>
  /** Sends one command over a connection of its own, which no proxy disturbs. */
  command(...command: string[]): Promise<unknown>
}

/** A port that nobody listened on a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Starts a server, with more options if wanted, and waits until it answers. */
export async function startRedis(
  options: readonly string[] = [],
  { program = 'redis-server', port = 0, env = {} as NodeJS.ProcessEnv, config = '' } = {},
): Promise<RedisServer> {
  const dir = mkdtempSync(join(tmpdir(), 'spillway-redis-'))
  chmodSync(dir, 0o777)
  const listens = port === 0 ? await freePort() : port
  const file = join(dir, 'redis.conf')
  // Of its own, since a Sentinel writes what it finds out into its file.
  writeFileSync(file, `${config}\nport ${listens}\nbind 127.0.0.1\ndir ${dir}\n`)
  chmodSync(file, 0o666)
  let child: ChildProcess
  const start = async () => {
    const args = program === 'redis-server' ? ['--save', '', '--appendonly', 'no', ...options] : options
    child = spawn(program, [file, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
      ...UNPRIVILEGED,
    })
    const started = child
    running.add(started)
    started.once('exit', () => running.delete(started))
    await ready(started)
  }
  const stop = async (signal: NodeJS.Signals = 'SIGKILL') => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await ended
  }
  await start()
  const url = `redis://127.0.0.1:${listens}`
  return {
    port: listens,
    url,
    get process() {
      return child
    },
    async stop(signal) {
      await stop(signal)
      if (signal === undefined) rmSync(dir, { recursive: true, force: true })
    },
    restart: async () => {
      await stop('SIGTERM')
      await start()
    },
    command: (...command) => commandAt(url, command),
  }
}

async function commandAt(url: string, command: string[]): Promise<unknown> {
  const client = createClient({ url, RESP: 2, socket: { reconnectStrategy: false } })
  client.on('error', () => {})
  try {
    await client.connect()
    return await client.sendCommand(command)
  } finally {
    client.destroy()
  }
}

export interface RedisCluster {
  /** Each has a third of the slots, in order. */
  readonly masters: readonly RedisServer[]
  /** The master that a key's slot was given to in the beginning. */
  masterOf(key: string): RedisServer
  stop(): Promise<void>
}

/** Starts three masters that share the slots, and waits until each of them knows so. */
export async function startCluster(): Promise<RedisCluster> {
  const masters = await Promise.all(
    [0, 1, 2].map(async () =>
      startRedis([
        ...['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf', '--cluster-node-timeout', '1000'],
        // The bus is at the port plus 10,000 by default, which may be none.
        ...['--cluster-port', String(await freePort()), '--cluster-require-full-coverage', 'no'],
      ]),
    ),
  )
  const firsts = [0, 5461, 10923, 16384]
  for (const [index, master] of masters.entries()) {
    await master.command('CLUSTER', 'ADDSLOTSRANGE', String(firsts[index]), String(firsts[index + 1]! - 1))
    await master.command('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
  }
  const [first, ...others] = masters
  for (const { port, command } of others) {
    const bus = String(await command('CONFIG', 'GET', 'cluster-port'))
      .split(',')
      .at(-1) as string
    await first!.command('CLUSTER', 'MEET', '127.0.0.1', String(port), bus)
  }
  for (const { command } of masters) {
    await until(async () => {
      const info = String(await command('CLUSTER', 'INFO'))
      return /cluster_state:ok/.test(info) && /cluster_slots_assigned:16384/.test(info) && /cluster_size:3/.test(info)
    })
  }
  return {
    masters,
    masterOf: (key) => masters[firsts.findIndex((from) => from > slotOf(key)) - 1]!,
    stop: async () => {
      await Promise.all(masters.map((master) => master.stop()))
    },
  }
}

/** The slot of a key with ASCII in its hash tag: CRC16 (XMODEM) of that. */
function slotOf(key: string): number {
  const tag = /\{([^}]+)\}/.exec(key)?.[1] ?? key
  let crc = 0
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff
  }
  return crc % 16384
}

export interface RedisSentinels {
  readonly name: string
  /** The master in the beginning, and its replica. */
  readonly master: RedisServer
  readonly replica: RedisServer
  readonly sentinels: readonly RedisServer[]
  stop(): Promise<void>
}

/** Starts a master, a replica and three Sentinels, and waits until these know all of the others. */
export async function startSentinel(): Promise<RedisSentinels> {
  const name = 'spillway'
  // A master waits five seconds for more replicas before it sends the first one anything.
  const atOnce = ['--repl-diskless-sync-delay', '0']
  const master = await startRedis(atOnce)
  const replica = await startRedis([...atOnce, '--replicaof', `127.0.0.1 ${master.port}`])
  const config = [
    `sentinel monitor ${name} 127.0.0.1 ${master.port} 2`,
    `sentinel down-after-milliseconds ${name} 500`,
    `sentinel failover-timeout ${name} 5000`,
  ].join('\n')
  await until(async () => /master_link_status:up/.test(String(await replica.command('INFO', 'replication'))))
  const sentinels = await Promise.all([0, 1, 2].map(() => startRedis([], { program: 'redis-sentinel', config })))
  for (const { command } of sentinels) {
    await until(async () => {
      const seen = (await command('SENTINEL', 'MASTER', name)) as string[]
      const isAt = (field: string, value: string) => seen[seen.indexOf(field) + 1] === value
      return isAt('num-slaves', '1') && isAt('num-other-sentinels', '2') && isAt('flags', 'master')
    })
  }
  return {
    name,
    master,
    replica,
    sentinels,
    stop: async () => {
      await Promise.all([...sentinels, replica, master].map((server) => server.stop()))
    },
  }
}

/** Waits until a condition holds, however long that takes: the test's own time is the limit. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20))
}

/** Waits for the line that says so. */
function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk
      if (/Ready to accept connections|Sentinel ID is/.test(said)) resolve()
    })
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}: ${said}`)))
    child.once('error', reject)
  })
}

/** A server and a connected client of it, for the tests of a file or a block. */
export function useRedis() {
  const connect = (url: string) => createClient({ url }).connect()
  const used = {} as { server: RedisServer; redis: Awaited<ReturnType<typeof connect>> }
  beforeAll(async () => {
    used.server = await startRedis()
    used.redis = await connect(used.server.url)
  })
  afterAll(async () => {
    used.redis?.destroy()
    await used.server?.stop()
  })
  return used
}
