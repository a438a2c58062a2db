/**
 * Runs the suite in workerd through miniflare, and prints the report. A program of its own, since miniflare wants a
 * later Node than the repository does.
 *
 *     node workerd-child.mjs APP MINIFLARE COMPATIBILITY_DATE
 */
import { readFile } from 'node:fs/promises'
import { build } from 'esbuild'
import { importFrom } from './tools.mjs'
import { bundleWorker } from './worker-bundle.mjs'

const [app, miniflareFolder, compatibilityDate] = process.argv.slice(2)
const { Miniflare } = await importFrom(miniflareFolder, 'miniflare')

async function start(entry) {
  return new Miniflare({
    modules: await bundleWorker(build, app, entry),
    compatibilityDate,
    host: '127.0.0.1',
    port: 0,
  })
}

async function ask(miniflare, path) {
  const response = await miniflare.dispatchFetch(`http://spillway.test${path}`)
  const body = await response.text()
  if (!response.ok) throw new Error(`workerd answered ${response.status}: ${body}`)
  return JSON.parse(body)
}

/** Decisions a second, from the time that requests of workerd take from outside; the median of seven. */
async function measure(miniflare) {
  const requests = 400_000
  const times = []
  for (let round = 0; round < 8; round++) {
    const start = performance.now()
    await ask(miniflare, `/decide?requests=${requests}`)
    times.push((performance.now() - start) / 1000)
  }
  return Math.round(requests / times.slice(1).sort((a, b) => a - b)[3])
}

const miniflare = await start('hosts/workerd.mjs')
try {
  const report = await ask(miniflare, '/conformance')
  const [before, after] = await ask(miniflare, '/clock')
  if (after > before && Number.isInteger(after)) report.passed++
  else report.failed.push(`the clock should move on in whole milliseconds: ${before}, ${after} after waiting`)
  report.decisionsPerSecond = await measure(miniflare)
  const { version } = JSON.parse(await readFile(`${miniflareFolder}/node_modules/workerd/package.json`, 'utf8'))
  report.version = `${version} (compatibility date ${compatibilityDate})`
  console.log(JSON.stringify(report))
} finally {
  await miniflare.dispose()
}
