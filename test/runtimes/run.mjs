/**
 * Packs the package, installs it elsewhere, and runs the conformance suite on it in every runtime.
 *
 *     node test/runtimes/run.mjs [--only node,deno,…] [--json] [--strict] [--tarball FILE] [--help]
 */
import { parseArgs } from 'node:util'
import { isInstalled } from './driver/browsers.mjs'
import { addSuite, installApp, removeApp } from './driver/package.mjs'
import { runPage } from './driver/pages.mjs'
import { runBun, runDeno, runNode } from './driver/processes.mjs'
import { run } from './driver/tools.mjs'
import { runWorkerd } from './driver/workerd.mjs'

const HELP = `Runs the conformance suite on the packed package.

  --only NAMES    those whose names begin so, separated by commas: node,deno,chromium-worker
  --json          prints the reports as JSON
  --strict        fails for browsers that are not installed (as CI=true does) instead of skipping them
  --tarball FILE  uses a package that is packed already
  --help          prints this`

/** Every runtime by name, with what runs the suite there. */
const RUNTIMES = new Map([
  ...['node20', 'node22', 'node24', 'node26'].map((name) => [name, runNode]),
  ['deno', runDeno],
  ['bun', runBun],
  ['workerd', runWorkerd],
  ...['chromium', 'firefox', 'webkit'].flatMap((browser) =>
    [browser, `${browser}-worker`, `${browser} csp`, `${browser}-worker csp`].map((name) => [name, runPage]),
  ),
])

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    strict: { type: 'boolean', default: process.env.CI === 'true' },
    tarball: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
if (options.help) console.log(HELP)
else process.exitCode = await main()

async function main() {
  const chosen = choose(options.only)
  await run(process.execPath, [new URL('make-trace.mjs', import.meta.url).pathname, '--check'])
  const app = await installApp(options.tarball)
  const reports = []
  try {
    await addSuite(app)
    for (const name of chosen) {
      const report = await runOne(app, name)
      reports.push(report)
      if (!options.json) print(report)
    }
  } finally {
    await removeApp(app)
  }
  if (options.json) console.log(JSON.stringify(reports, null, 2))
  const skipped = reports.filter((report) => report.skipped).length
  const failed = reports.filter((report) => report.failed.length > 0).length
  const log = options.json ? console.error : console.log
  log(`${reports.length - failed - skipped} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  return failed > 0 ? 1 : 0
}

/** The names of the runtimes that were asked for. */
function choose(only) {
  const names = [...RUNTIMES.keys()]
  if (only === undefined) return names
  const wanted = only.split(',').map((name) => name.trim())
  const unknown = wanted.find((name) => !names.some((known) => known.startsWith(name)))
  if (unknown !== undefined) throw new RangeError(`--only: there is no ${unknown}; there are ${names.join(', ')}`)
  return names.filter((name) => wanted.some((part) => name.startsWith(part)))
}

async function runOne(app, name) {
  const nothing = { runtime: name, version: '', passed: 0, failed: [], decisionsPerSecond: 0 }
  const runSuite = RUNTIMES.get(name)
  if (runSuite === runPage && !(await isInstalled(name.split(/[ -]/)[0]))) {
    return options.strict ? { ...nothing, failed: ['it is not installed'] } : { ...nothing, skipped: true }
  }
  try {
    return await runSuite(app, name)
  } catch (error) {
    return { ...nothing, failed: [`${error?.stack ?? error}`] }
  }
}

function print({ runtime, version, passed, failed, decisionsPerSecond, skipped }) {
  if (skipped) {
    console.log(`${runtime.padEnd(20)} not installed: skipped (.ci/install-tools installs it)`)
    return
  }
  const speed = `${(decisionsPerSecond / 1e6).toFixed(1)} M decisions/s`
  const verdict = failed.length > 0 ? `${failed.length} FAILED` : 'ok'
  console.log(
    `${runtime.padEnd(20)} ${String(passed).padStart(5)} checks  ${speed.padStart(19)}  ${verdict}  ${version}`,
  )
  for (const failure of failed.slice(0, 10)) console.log(`    ${failure}`)
}
