/**
 * Packs the package, installs it elsewhere, and runs the conformance suite on it in every runtime.
 *
 *     node test/runtimes/run.mjs [--only node,deno,…] [--tarball FILE] [--help]
 */
import { isInstalled } from './driver/browsers.mjs'
import { command, inTurn, isStrict } from './driver/command.mjs'
import { addSuite, withApp } from './driver/package.mjs'
import { runPage } from './driver/pages.mjs'
import { runBun, runDeno, runNode } from './driver/processes.mjs'
import { run } from './driver/tools.mjs'
import { runWorkerd } from './driver/workerd.mjs'

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

await command(
  {
    does: 'Runs the conformance suite on the packed package.',
    names: [...RUNTIMES.keys()],
    isMeant: (name, wanted) => name.startsWith(wanted),
    help: '                  or of those whose names begin so: node,deno,chromium-worker\n',
  },
  async (names, { tarball }) => {
    await run(process.execPath, [new URL('make-trace.mjs', import.meta.url).pathname, '--check'])
    return withApp(tarball, {}, async (app) => {
      await addSuite(app)
      return inTurn(names, async (name) => print(await runOne(app, name)))
    })
  },
)

async function runOne(app, name) {
  const nothing = { runtime: name, version: '', passed: 0, failed: [], decisionsPerSecond: 0 }
  const runSuite = RUNTIMES.get(name)
  if (runSuite === runPage && !(await isInstalled(name.split(/[ -]/)[0]))) {
    return isStrict ? { ...nothing, failed: ['it is not installed'] } : { ...nothing, skipped: true }
  }
  try {
    return await runSuite(app, name)
  } catch (error) {
    return { ...nothing, failed: [`${error?.stack ?? error}`] }
  }
}

/** Prints a line and what failed; tells the outcome. */
function print({ runtime, version, passed, failed, decisionsPerSecond, skipped }) {
  if (skipped) {
    console.log(`${runtime.padEnd(20)} not installed: skipped (.ci/install-tools installs it)`)
    return 'skipped'
  }
  const speed = `${(decisionsPerSecond / 1e6).toFixed(1)} M decisions/s`
  const verdict = failed.length > 0 ? `${failed.length} FAILED` : 'ok'
  console.log(
    `${runtime.padEnd(20)} ${String(passed).padStart(5)} checks  ${speed.padStart(19)}  ${verdict}  ${version}`,
  )
  for (const failure of failed.slice(0, 10)) console.log(`    ${failure}`)
  return failed.length > 0 ? 'failed' : 'passed'
}
