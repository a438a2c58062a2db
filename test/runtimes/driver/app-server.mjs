/** Starts the server of an app, asks it, and ends it. */
import { spawn } from 'node:child_process'

/**
 * Runs a server while `use` runs.
 *
 * @param {string[]} args what Node runs; the server prints its address when it listens
 * @param {(url: string) => Promise<void>} use
 */
export async function withServer(folder, args, use) {
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_OPTIONS: '' }
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise((resolve) => child.on('close', resolve))
  try {
    await use(await address(child))
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
