/**
 * Packs the package, has each bundler build the conformance suite with it, and runs the result in Chromium under a
 * strict Content-Security-Policy.
 *
 *     node test/runtimes/bundlers.mjs [--only vite,webpack,…] [--tarball FILE] [--help]
 */
import { mkdir, readFile } from 'node:fs/promises'
import { isInstalled, openPage } from './driver/browsers.mjs'
import { BUNDLERS, compressedSize } from './driver/bundlers.mjs'
import { command, inTurn, isStrict } from './driver/command.mjs'
import { addSuite, withApp } from './driver/package.mjs'
import { STRICT_POLICY, serve } from './driver/server.mjs'

const PAGE = '<!doctype html><title>Bundled</title><script type="module" src="/main.js"></script>'

const does = 'Runs the conformance suite as an app built by each bundler.'
await command({ does, names: Object.keys(BUNDLERS) }, async (names, { tarball }) => {
  if (!isStrict && !(await isInstalled('chromium'))) {
    console.log('Chromium is not installed (.ci/install-tools installs it)')
    return names.map(() => 'skipped')
  }
  return withApp(tarball, {}, async (app) => {
    await addSuite(app)
    return inTurn(names, (name) => runOne(app, name))
  })
})

/** Builds, serves and runs; prints a line and what failed. */
async function runOne(app, name) {
  try {
    const out = `${app}/built-${name}`
    await mkdir(out)
    const version = await BUNDLERS[name](app, 'hosts/bundled.mjs', out)
    const code = await readFile(`${out}/main.js`)
    const server = await serve(out, {
      headers: { 'content-security-policy': STRICT_POLICY },
      made: { '/index.html': PAGE, '/trace.json': await readFile(`${app}/trace.json`) },
    })
    try {
      const { passed, failed } = await openPage('chromium', `${server.url}/`, server.report)
      const verdict = failed.length > 0 ? `${failed.length} FAILED` : 'ok'
      const size = `${(compressedSize(code) / 1000).toFixed(1)} kB with the suite`
      console.log(`${name.padEnd(10)} ${version.padEnd(10)} ${passed} checks  ${size}  ${verdict}`)
      for (const failure of failed.slice(0, 10)) console.log(`    ${failure}`)
      return failed.length > 0 ? 'failed' : 'passed'
    } finally {
      await server.close()
    }
  } catch (error) {
    console.log(`${name.padEnd(10)} FAILED\n    ${error?.stack ?? error}`)
    return 'failed'
  }
}
