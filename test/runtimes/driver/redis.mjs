/** A real redis-server for a check: on loopback, unprivileged, on a free port, ended with it. */
import { execFile, spawn } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { promisify } from 'node:util'
import { freePort } from './app-server.mjs'

const NOBODY = 65534

export function isRedisInstalled() {
  return promisify(execFile)('redis-server', ['--version']).then(
    () => true,
    () => false,
  )
}

/**
 * Runs a server while `use` runs, and gives what it gave.
 *
 * @template Result
 * @param {(url: string) => Promise<Result>} use
 * @returns {Promise<Result>}
 */
export async function withRedis(use) {
  const folder = await mkdtemp(`${tmpdir()}/spillway-redis-`)
  await chmod(folder, 0o777)
  const port = await freePort()
  const options = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', folder]
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
  const child = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'], ...user })
  try {
    await new Promise((resolve, reject) => {
      child.stdout.setEncoding('utf8').on('data', (text) => text.includes('Ready to accept') && resolve())
      child.once('error', reject)
      child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}`)))
    })
    return await use(`redis://127.0.0.1:${port}`)
  } finally {
    child.removeAllListeners('exit')
    child.kill()
    await rm(folder, { recursive: true, force: true })
  }
}
