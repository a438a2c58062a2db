/**
 * Packs the package, has each bundler build the conformance suite with it, and runs the result in Chromium under a
 * strict Content-Security-Policy.
 *
 *     node test/runtimes/bundlers.mjs [--only vite,webpack,…] [--tarball FILE] [--help]
 */
import { mkdir, readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { isInstalled, openPage } from './driver/browsers.mjs'
import { BUNDLERS, compressedSize } from './driver/bundlers.mjs'
import { chosen } from './driver/choice.mjs'
import { addSuite, installApp, removeApp } from './driver/package.mjs'
import { STRICT_POLICY, serve } from './driver/server.mjs'

const HELP = `Runs the conformance suite as an app built by each bundler.

  --only NAMES    of ${Object.keys(BUNDLERS).join(', ')}; separated by commas
  --tarball FILE  uses a package that is packed already
  --help          prints this`

const PAGE = '<!doctype html><title>Bundled</title><script type="module" src="/main.js"></script>'

const { values: options } = parseArgs({
  options: { only: { type: 'string' }, tarball: { type: 'string' }, help: { type: 'boolean', default: false } },
})
if (options.help) console.log(HELP)
else process.exitCode = await main()

async function main() {
  if (!(await isInstalled('chromium'))) {
    console.log('Chromium is not installed (.ci/install-tools installs it)\n0 passed, 0 failed, 5 skipped')
    return process.env.CI === 'true' ? 1 : 0
  }
  const names = chosen(options.only, Object.keys(BUNDLERS))
  const app = await installApp(options.tarball)
  let failures = 0
  try {
    await addSuite(app)
    for (const name of names) {
      const failed = await runOne(app, name)
      if (failed.length > 0) failures++
      for (const failure of failed.slice(0, 10)) console.log(`    ${failure}`)
    }
  } finally {
    await removeApp(app)
  }
  console.log(`${names.length - failures} passed, ${failures} failed`)
  return failures > 0 ? 1 : 0
}

/** Builds, serves and runs; prints a line and gives what failed. */
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
      return failed
    } finally {
      await server.close()
    }
  } catch (error) {
    console.log(`${name.padEnd(10)} FAILED`)
    return [`${error?.stack ?? error}`]
  }
}
