/**
 * Serves a Cloudflare Worker through miniflare until it is told to end. A program of its own, since miniflare wants a
 * later Node than the repository does.
 *
 *     node serve-worker.mjs APP ENTRY MINIFLARE COMPATIBILITY_DATE
 */
import { build } from 'esbuild'
import { importFrom } from './tools.mjs'
import { bundleWorker } from './worker-bundle.mjs'

const [app, entry, miniflareFolder, compatibilityDate] = process.argv.slice(2)
const { Miniflare } = await importFrom(miniflareFolder, 'miniflare')
const modules = await bundleWorker(build, app, entry)
const miniflare = new Miniflare({ modules, compatibilityDate, host: '127.0.0.1', port: 0 })
process.on('SIGTERM', async () => {
  await miniflare.dispose()
  process.exit(0)
})
console.log(`Listening on ${(await miniflare.ready).origin}`)
