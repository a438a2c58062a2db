/** A Next.js app: middleware, a route on the edge runtime and one on Node, by both of Next's bundlers. */
import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { statuses, withServer } from '../driver/app-server.mjs'
import { run } from '../driver/tools.mjs'
import { NEXT } from '../driver/versions.mjs'

export const app = { tools: NEXT, type: 'commonjs' }

export const checks = {
  'built by Turbopack': (folder) => build(folder, '--turbopack'),
  'middleware, edge route and node route, by Turbopack': askAll,
  'built by webpack': (folder) => build(folder, '--webpack'),
  'middleware, edge route and node route, by webpack': askAll,
}

const CLI = 'node_modules/next/dist/bin/next'

async function build(folder, bundler) {
  await rm(`${folder}/.next`, { recursive: true, force: true })
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' }
  await run(process.execPath, [CLI, 'build', bundler], { cwd: folder, env, timeout: 300_000, maxBuffer: 2 ** 26 })
}

async function askAll(folder) {
  // Next prints the port that it was asked for, so it is asked for a free one.
  const args = [CLI, 'start', '--hostname', '127.0.0.1', '--port', String(await freePort())]
  await withServer(folder, args, async (url) => {
    for (const path of ['middleware', 'edge', 'node']) {
      const seen = await statuses(`${url}/${path}`, 5)
      if (seen !== '200 200 200 429 429') throw new Error(`/${path} answered ${seen}`)
    }
  })
}

async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}
