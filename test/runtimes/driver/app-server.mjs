/** Starts the server of an app, asks it, and ends it. */
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'

/**
 * Runs a server while `use` runs, and gives what it gave.
 *
 * @param {string[]} args what is run; the server prints its address when it listens
 * @template Result
 * @param {(url: string) => Promise<Result>} use
 * @param {object} [how]
 * @param {string} [how.binary] what runs it, if not Node
 * @param {Record<string, string>} [how.env] what its environment has beside the usual
 */
export async function withServer(folder, args, use, { binary = process.execPath, env: more = {} } = {}) {
  const quiet = { NEXT_TELEMETRY_DISABLED: '1', NODE_OPTIONS: '', DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' }
  const env = { ...process.env, ...quiet, ...more }
  const child = spawn(binary, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise((resolve) => child.on('close', resolve))
  try {
    return await use(await address(child))
  } finally {
    child.kill('SIGTERM')
    await ended
  }
}

/** The statuses of so many requests, one after the other. */
export async function statuses(url, requests) {
  const seen = []
  for (let i = 0; i < requests; i++) {
    const response = await fetch(url, { signal: AbortSignal.timeout(30_000) })
    await response.arrayBuffer()
    seen.push(response.status)
  }
  return seen.join(' ')
}

/** The address that a server prints when it listens. */
export function address(child) {
  return new Promise((resolve, reject) => {
    let said = ''
    const timer = setTimeout(() => reject(new Error(`it does not listen: ${said}`)), 60_000)
    const listen = (text) => {
      said += text
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said)
      if (!found) return
      clearTimeout(timer)
      resolve(found[0])
    }
    child.stdout.setEncoding('utf8').on('data', listen)
    child.stderr.setEncoding('utf8').on('data', listen)
    child.on('error', reject)
    child.on('exit', (code) => {
      clearTimeout(timer)
      reject(new Error(`it ended with exit code ${code}: ${said}`))
    })
  })
}

/** A port that is free, for servers that print the port that they were asked for. */
export async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}
