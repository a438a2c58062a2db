/**
 * A Next.js app: middleware, a route on the edge runtime and one on Node. Next 16 bundles by Turbopack, Next 15 by
 * webpack; an edge route by the webpack of Next 16 fails with or without this package.
 */
import { freePort, statuses, withServer } from '../driver/app-server.mjs'
import { run } from '../driver/tools.mjs'
import { NEXT_15, NEXT_16 } from '../driver/versions.mjs'

const NAME = 'middleware, edge route and node route, built and asked'

export const turbopack = { app: { tools: NEXT_16 }, checks: { [NAME]: buildAndAsk }, folder: 'next' }
export const webpack = { app: { tools: NEXT_15 }, checks: { [NAME]: buildAndAsk }, folder: 'next' }

const CLI = 'node_modules/next/dist/bin/next'

async function buildAndAsk(folder) {
  await withServer(folder, await buildNext(folder), async (url) => {
    for (const path of ['middleware', 'edge', 'node']) {
      const seen = await statuses(`${url}/${path}`, 5)
      if (seen !== '200 200 200 429 429') throw new Error(`/${path} answered ${seen}`)
    }
  })
}

/** Builds the app in a folder. Gives what Node runs to start it. */
export async function buildNext(folder) {
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' }
  await run(process.execPath, [CLI, 'build'], { cwd: folder, env, timeout: 300_000, maxBuffer: 2 ** 26 })
  // Next prints the port that it was asked for, so it is asked for a free one.
  return [CLI, 'start', '--hostname', '127.0.0.1', '--port', String(await freePort())]
}
