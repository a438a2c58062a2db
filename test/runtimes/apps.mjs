/**
 * Packs the package and puts it into apps as others have them: CommonJS on the oldest Node, Jest, Nest, Next.js, an edge
 * runtime, and TypeScript of several versions without the DOM's types. Prints each check with its verdict.
 *
 *     node test/runtimes/apps.mjs [--only jest,next,…] [--tarball FILE] [--help]
 */
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import * as edge from './checks/edge.mjs'
import * as jest from './checks/jest.mjs'
import * as nest from './checks/nest.mjs'
import * as next from './checks/next.mjs'
import * as node from './checks/node.mjs'
import * as types from './checks/types.mjs'
import { chosen } from './driver/choice.mjs'
import { installApp, pack, removeApp } from './driver/package.mjs'

/**
 * By name: what an app is made of (`app`, for `installApp`), what is asked of it (`checks`, functions by name), and where
 * its files are if not in the folder of `apps/` that has its name.
 */
const APPS = { node, types, jest, nest, next15: next.webpack, next16: next.turbopack, edge }

const HELP = `Puts the packed package into apps as others have them.

  --only NAMES    of ${Object.keys(APPS).join(', ')}; separated by commas
  --tarball FILE  uses a package that is packed already
  --help          prints this`

const { values: options } = parseArgs({
  options: { only: { type: 'string' }, tarball: { type: 'string' }, help: { type: 'boolean', default: false } },
})
if (options.help) console.log(HELP)
else process.exitCode = await main()

async function main() {
  const names = chosen(options.only, Object.keys(APPS))
  const folder = await mkdtemp(join(tmpdir(), 'spillway-packed-'))
  const counts = { passed: 0, failed: 0 }
  try {
    const tarball = options.tarball ?? (await pack(folder))
    for (const name of names) await runApp(name, tarball, counts)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  console.log(`${counts.passed} passed, ${counts.failed} failed`)
  return counts.failed > 0 ? 1 : 0
}

/** Makes an app, asks all of it, and removes it. */
async function runApp(name, tarball, counts) {
  const { app: made, checks, folder = name } = APPS[name]
  const app = await installApp(tarball, made)
  try {
    await cp(fileURLToPath(new URL(`apps/${folder}`, import.meta.url)), app, { recursive: true })
    for (const [check, run] of Object.entries(checks)) {
      const start = performance.now()
      const failure = await run(app).then(
        () => undefined,
        (error) => [error.message ?? error, error.stdout].filter(Boolean).join('\n'),
      )
      const seconds = ((performance.now() - start) / 1000).toFixed(1)
      console.log(`${name.padEnd(6)} ${check.padEnd(58)} ${seconds.padStart(5)} s  ${failure ? 'FAILED' : 'ok'}`)
      if (failure) console.log(failure.replaceAll(/^/gm, '    '))
      counts[failure ? 'failed' : 'passed']++
    }
  } finally {
    await removeApp(app)
  }
}
