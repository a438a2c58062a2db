/**
 * `spillway/fleet` of the packed package over a real Redis: one program in Node, Deno and Bun; the example, whose processes are
 * killed and restarted under load; and eight processes that hammer one user.
 *
 *     node test/runtimes/fleet.mjs [--only node,deno,…] [--seconds N] [--tarball FILE] [--help]
 */
import { command, inTurn, isStrict } from './driver/command.mjs'
import { addFolder, withApp } from './driver/package.mjs'
import { bunBinary, denoBinary } from './driver/processes.mjs'
import { isRedisInstalled, withRedis } from './driver/redis.mjs'
import { run, withVersion } from './driver/tools.mjs'

const PROGRAM = 'fleet/program.mjs'
const SECONDS = 6

/** Of those who hammer: how many, their limit and its allowance, and what the readings of clocks may be wrong by. */
const HAMMERERS = 8
const LIMIT = 50
const ALLOWANCE = Math.ceil(LIMIT / HAMMERERS)
const ERROR_MS = 1

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
  hammer: checkHammer,
}

await command(
  {
    does: 'Runs spillway/fleet over a real Redis.',
    names: Object.keys(CHECKS),
    options: { seconds: { type: 'string', default: '10' } },
    help: '  --seconds N     how long they hammer; 10 unless told\n',
  },
  async (names, { tarball, seconds }) => {
    if (!isStrict && !(await isRedisInstalled())) {
      console.log('redis-server is not installed: skipped (.ci/install-tools installs it)')
      return names.map(() => 'skipped')
    }
    return withApp(tarball, { tools: [await withVersion('redis')] }, async (app) => {
      await addFolder(app, 'test/runtimes/fleet', 'fleet')
      await addFolder(app, 'examples/fleet', 'example')
      return withRedis((url) => inTurn(names, (name) => check(name, app, url, seconds)))
    })
  },
)

async function check(name, app, url, seconds) {
  const start = performance.now()
  try {
    const seen = await CHECKS[name](app, url, seconds)
    console.log(`${name.padEnd(8)} ok      ${seen} (${((performance.now() - start) / 1000).toFixed(1)} s)`)
    return 'passed'
  } catch (error) {
    console.log(`${name.padEnd(8)} FAILED  ${[error?.stack ?? error, error?.stderr].filter(Boolean).join('\n')}`)
    return 'failed'
  }
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

/** Counts what eight processes admit of one user without asking, by the server's clock. */
async function checkHammer(app, url, seconds) {
  const args = ['fleet/hammer.mjs', url, String(HAMMERERS), seconds]
  const timeout = 1000 * Number(seconds) + 60_000
  const reports = await Promise.all(
    Array.from({ length: HAMMERERS }, async () => {
      const { stdout } = await run(process.execPath, args, { cwd: app, timeout, maxBuffer: 2 ** 28 })
      return JSON.parse(stdout)
    }),
  )
  const admitted = reports.flatMap((report) => report.admitted).sort((a, b) => a - b)
  const sum = (name) => reports.reduce((total, report) => total + report[name], 0)
  let worst = 0
  for (let from = 0, to = 0; to < admitted.length; to++) {
    while (admitted[from] <= admitted[to] - 1000 + ERROR_MS) from++
    worst = Math.max(worst, to - from + 1)
  }
  const bound = LIMIT + HAMMERERS * ALLOWANCE
  if (worst > bound || worst < LIMIT) throw new Error(`worst second ${worst}, bound ${bound}`)
  const [requests, asked] = [sum('requests').toLocaleString('en'), sum('asked').toLocaleString('en')]
  return `${HAMMERERS} processes for ${seconds} s: worst second ${worst}, bound ${bound}; ${requests} requests, ${asked} calls`
}
