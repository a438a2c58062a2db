/**
 * `spillway/fleet` of the packed package over a real Redis: one program in Node, Deno and Bun, and the example, whose processes are
 * killed and restarted under load.
 *
 *     node test/runtimes/fleet.mjs [--only node,deno,…] [--strict] [--tarball FILE] [--help]
 */
import { parseArgs } from 'node:util'
import { chosen } from './driver/choice.mjs'
import { addFolder, installApp, removeApp } from './driver/package.mjs'
import { bunBinary, denoBinary } from './driver/processes.mjs'
import { isRedisInstalled, withRedis } from './driver/redis.mjs'
import { run, withVersion } from './driver/tools.mjs'

const PROGRAM = 'fleet/program.mjs'
const SECONDS = 6

/** By name: what checks it, and tells what was seen. */
const CHECKS = {
  node: (app, url) => inRuntime(app, url, 'node', [process.execPath]),
  deno: async (app, url) => {
    const permissions = [
      '--no-prompt',
      '--node-modules-dir=manual',
      '--allow-net=127.0.0.1',
      '--allow-env',
      '--allow-sys',
    ]
    return inRuntime(app, url, 'deno', [await denoBinary(), 'run', ...permissions])
  },
  bun: async (app, url) => inRuntime(app, url, 'bun', [await bunBinary(), 'run']),
  example: checkExample,
}
const NAMES = Object.keys(CHECKS)

const HELP = `Runs spillway/fleet over a real Redis.

  --only NAMES    of ${NAMES.join(', ')}; separated by commas
  --strict        fails without redis-server (as CI=true does) instead of skipping all
  --tarball FILE  uses a package that is packed already
  --help          prints this`

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    strict: { type: 'boolean', default: process.env.CI === 'true' },
    tarball: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
if (options.help) console.log(HELP)
else process.exitCode = await main()

async function main() {
  const names = chosen(options.only, NAMES)
  if (!options.strict && !(await isRedisInstalled())) {
    console.log('redis-server is not installed: skipped (.ci/install-tools installs it)')
    return 0
  }
  const app = await installApp(options.tarball, { tools: [await withVersion('redis')] })
  let failed = 0
  try {
    await addFolder(app, 'test/runtimes/fleet', 'fleet')
    await addFolder(app, 'examples/fleet', 'example')
    await withRedis(async (url) => {
      for (const name of names) {
        const start = performance.now()
        try {
          const seen = await CHECKS[name](app, url)
          console.log(`${name.padEnd(8)} ok      ${seen} (${((performance.now() - start) / 1000).toFixed(1)} s)`)
        } catch (error) {
          failed++
          console.log(`${name.padEnd(8)} FAILED  ${[error?.stack ?? error, error?.stderr].filter(Boolean).join('\n')}`)
        }
      }
    })
  } finally {
    await removeApp(app)
  }
  console.log(`${names.length - failed} passed, ${failed} failed`)
  return failed > 0 ? 1 : 0
}

async function inRuntime(app, url, name, [binary, ...args]) {
  const { stdout } = await run(binary, [...args, PROGRAM, url, name], { cwd: app, timeout: 60_000 })
  if (stdout.trim() !== 'ok') throw new Error(`it said ${stdout}`)
  return 'every verb, ids of every kind, a script that was flushed'
}

async function checkExample(app, url) {
  const { stdout } = await run(process.execPath, ['example/run.mjs', String(SECONDS)], {
    cwd: app,
    env: { ...process.env, REDIS_URL: url },
    timeout: 60_000,
  })
  const { admitted, denied, kills, limit, worstSecond } = JSON.parse(stdout)
  if (kills < 2 || denied === 0) throw new Error(`too little was tried: ${stdout}`)
  // Above it is an error of the limiter, far below one of the balancer.
  if (worstSecond > limit || worstSecond < limit / 2 || admitted < (limit * SECONDS) / 2)
    throw new Error(`it admitted ${stdout}`)
  return `${admitted} of ${admitted + denied} admitted, worst second ${worstSecond} of ${limit}, through ${kills} kills`
}
