/** Runs the suite in workerd: in a child, since miniflare wants a later Node than the repository does. */
import { fileURLToPath } from 'node:url'
import { nodeBinary } from './processes.mjs'
import { install, run } from './tools.mjs'
import { COMPATIBILITY_DATE, MINIFLARE } from './versions.mjs'

const CHILD = fileURLToPath(new URL('workerd-child.mjs', import.meta.url))

export async function runWorkerd(app) {
  const args = [CHILD, app, await install(MINIFLARE), COMPATIBILITY_DATE]
  const env = { ...process.env, MINIFLARE_WORKERD_CONFIG_DEBUG: '', WRANGLER_SEND_METRICS: 'false' }
  const { stdout } = await run(await nodeBinary(24), args, { env, timeout: 120_000, maxBuffer: 2 ** 26 })
  return JSON.parse(stdout.slice(stdout.lastIndexOf('\n', stdout.length - 2) + 1))
}
