/**
 * Packs the package and puts it into apps as others have them: CommonJS on the oldest Node, Jest, Nest, Next.js, an edge
 * runtime, and TypeScript of several versions without the DOM's types. Prints each check with its verdict.
 *
 *     node test/runtimes/apps.mjs [--only jest,next,…] [--tarball FILE] [--help]
 */
import { cp } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import * as edge from './checks/edge.mjs'
import * as jest from './checks/jest.mjs'
import * as nest from './checks/nest.mjs'
import * as next from './checks/next.mjs'
import * as node from './checks/node.mjs'
import * as types from './checks/types.mjs'
import { command, inTurn } from './driver/command.mjs'
import { withApp, withTarball } from './driver/package.mjs'

/**
 * By name: what an app is made of (`app`, for `withApp`), what is asked of it (`checks`, functions by name), and where
 * its files are if not in the folder of `apps/` that has its name.
 */
const APPS = { node, types, jest, nest, next15: next.webpack, next16: next.turbopack, edge }

const does = 'Puts the packed package into apps as others have them.'
await command({ does, names: Object.keys(APPS) }, (names, options) =>
  withTarball(options.tarball, async (tarball) => (await inTurn(names, (name) => runApp(name, tarball))).flat()),
)

/** Makes an app, and asks all of it. */
function runApp(name, tarball) {
  const { app: made, checks, folder = name } = APPS[name]
  return withApp(tarball, made, async (app) => {
    await cp(fileURLToPath(new URL(`apps/${folder}`, import.meta.url)), app, { recursive: true })
    return inTurn(Object.entries(checks), async ([check, run]) => {
      const start = performance.now()
      const failure = await run(app).then(
        () => undefined,
        (error) => [error.message ?? error, error.stdout].filter(Boolean).join('\n'),
      )
      const seconds = ((performance.now() - start) / 1000).toFixed(1)
      console.log(`${name.padEnd(6)} ${check.padEnd(58)} ${seconds.padStart(5)} s  ${failure ? 'FAILED' : 'ok'}`)
      if (failure) console.log(failure.replaceAll(/^/gm, '    '))
      return failure ? 'failed' : 'passed'
    })
  })
}
