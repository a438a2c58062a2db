/** Real servers for tests: started on loopback, unprivileged, on free ports, and ended with the test. */
import type { ChildProcess } from 'node:child_process'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

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

export interface RedisServer {
  readonly port: number
  readonly url: string
  readonly process: ChildProcess
  /** Ends it at once, as a crash does, or in order. */
  stop(signal?: NodeJS.Signals): Promise<void>
  /** Starts it anew on the same port, with what it had saved. */
  restart(): Promise<void>
}

/** A port that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Starts a server, with more options if wanted, and waits until it answers. */
export async function startRedis(
  options: readonly string[] = [],
  { program = 'redis-server', port = 0, env = {} as NodeJS.ProcessEnv, config = [] as readonly string[] } = {},
): Promise<RedisServer> {
  const dir = mkdtempSync(join(tmpdir(), 'spillway-redis-'))
  execFileSync('chmod', ['777', dir])
  const listens = port === 0 ? await freePort() : port
  let child: ChildProcess
  const start = async () => {
    child = spawn(
      program,
      [
        ...config,
        '--port',
        String(listens),
        '--bind',
        '127.0.0.1',
        '--dir',
        dir,
        '--save',
        '',
        '--appendonly',
        'no',
        ...options,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env }, ...UNPRIVILEGED },
    )
    await ready(child)
  }
  const stop = async (signal: NodeJS.Signals = 'SIGKILL') => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await ended
  }
  await start()
  return {
    port: listens,
    url: `redis://127.0.0.1:${listens}`,
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
  }
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
