/** The server that all subjects share: started by the benchmark, on the loopback, and ended with it. */
import type { ChildProcess } from 'node:child_process'
import { execFileSync, spawn } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { Redis } from 'ioredis'

/** What the server has used and done since its figures were last set back. */
interface ServerUsage {
  readonly cpuMs: number
  /** Bytes, without those that connections take. */
  readonly bytes: number
  /** Scripts that were run: what subjects ask is one each. */
  readonly scripts: number
}

/** Tells the version of the server that is installed; undefined if there is none. */
export function redisVersion(): string | undefined {
  try {
    return /v=(\S+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'utf8' }))?.[1] ?? 'unknown'
  } catch {
    return undefined
  }
}

export class RedisServer {
  readonly #child: ChildProcess

  private constructor(
    readonly port: number,
    child: ChildProcess,
    readonly client: Redis,
  ) {
    this.#child = child
  }

  static async start(): Promise<RedisServer> {
    const port = await freePort()
    const options = { port, bind: '127.0.0.1', save: '', appendonly: 'no', 'enable-debug-command': 'local' }
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
    // Root must not run servers: then it runs as nobody.
    const unprivileged = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}
    const child = spawn('redis-server', args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: tmpdir(),
      ...unprivileged,
    })
    await new Promise<void>((resolve, reject) => {
      let said = ''
      child.stdout?.on('data', (chunk: Buffer) => {
        said += chunk
        if (said.includes('Ready to accept connections')) resolve()
      })
      child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}: ${said}`)))
      child.once('error', reject)
    })
    return new RedisServer(port, child, new Redis(port, '127.0.0.1'))
  }

  /** Forgets all keys; scripts stay. */
  async flush(): Promise<void> {
    await this.client.flushall('SYNC')
    await this.client.config('RESETSTAT')
  }

  /** Whether keys that have expired are looked for: what nobody asks about stays if not, and can be weighed. */
  async expire(actively: boolean): Promise<void> {
    await this.client.call('DEBUG', 'SET-ACTIVE-EXPIRE', actively ? '1' : '0')
  }

  async usage(): Promise<ServerUsage> {
    const info = await this.client.info('everything')
    const read = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1])
    let scripts = 0
    for (const [, calls] of info.matchAll(/^cmdstat_(?:evalsha|eval):calls=(\d+)/gm)) scripts += Number(calls)
    return {
      cpuMs: (read('used_cpu_user') + read('used_cpu_sys')) * 1000,
      bytes: read('used_memory') - read('mem_clients_normal'),
      scripts,
    }
  }

  /** What `MEMORY USAGE` says of keys that have not expired, on average. */
  async bytesAKey(most: number): Promise<number> {
    const keys = (await this.client.keys('*')).filter((key) => !key.startsWith('api/') || key.includes('{'))
    const sizes = await Promise.all(keys.slice(0, most).map((key) => this.client.memory('USAGE', key)))
    const known = sizes.filter((size) => size !== null)
    return known.reduce((sum, size) => sum + size, 0) / known.length
  }

  async stop(): Promise<void> {
    this.client.disconnect()
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGKILL')
    await ended
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
