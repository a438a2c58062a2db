/**
 * Packs the package and runs each example on it: servers must answer 429 in time and keep the promise of Retry-After,
 * those in front of a service must send the right headers to the right client, the page must send no more than it may, a page
 * that goes away and comes back must go on with its limiter, and a server that is killed with its snapshot.
 *
 *     node test/runtimes/examples.mjs [--only node,deno,…] [--tarball FILE] [--help]
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { address } from './driver/app-server.mjs'
import { checkAwayPage } from './driver/away-page.mjs'
import { isInstalled } from './driver/browsers.mjs'
import { command, inTurn, isStrict } from './driver/command.mjs'
import { checkCrawler } from './driver/crawler.mjs'
import { isNginxInstalled } from './driver/nginx.mjs'
import { addFolder, withApp, withTarball } from './driver/package.mjs'
import { bunBinary, denoBinary, nodeBinary } from './driver/processes.mjs'
import { checkRestarts } from './driver/restarts.mjs'
import { checkService, SERVICE_NAMES } from './driver/services.mjs'
import { checkThrottlingPage } from './driver/throttling-page.mjs'
import { checkThumbnails } from './driver/thumbnails.mjs'
import { install } from './driver/tools.mjs'
import { COMPATIBILITY_DATE, MINIFLARE } from './driver/versions.mjs'

/** Requests sent to a server: more than it may admit in the time that they take. */
const REQUESTS = 60
const LIMIT = 10
const CAPACITY = 20

const SERVE_WORKER = fileURLToPath(new URL('driver/serve-worker.mjs', import.meta.url))

/** By name: the command that starts the server, in the folder that has the package and the examples. */
const SERVERS = {
  node: async () => [process.execPath, 'examples/node-http/server.mjs'],
  cluster: async () => [process.execPath, 'examples/cluster/server.mjs'],
  deno: async () => {
    const permissions = ['--no-prompt', '--allow-net=127.0.0.1', '--allow-env=PORT']
    return [await denoBinary(), 'run', '--node-modules-dir=manual', ...permissions, 'examples/deno-serve/main.ts']
  },
  bun: async () => [await bunBinary(), 'run', 'examples/bun-serve/server.ts'],
  workerd: async (app) => {
    const worker = 'examples/cloudflare-worker/worker.js'
    return [await nodeBinary(24), SERVE_WORKER, app, worker, await install(MINIFLARE), COMPATIBILITY_DATE]
  },
}

/** By name: what checks a page, in Chromium. */
const PAGES = {
  browser: (app) => checkThrottlingPage(app, LIMIT),
  away: checkAwayPage,
  thumbnails: checkThumbnails,
}

/** By name: what checks other examples. */
const OTHERS = {
  restart: checkRestarts,
  crawler: checkCrawler,
}

const NAMES = [...Object.keys(SERVERS), ...SERVICE_NAMES, ...Object.keys(OTHERS), ...Object.keys(PAGES)]

await command({ does: 'Runs the examples on the packed package.', names: NAMES }, (names, options) =>
  withTarball(options.tarball, (tarball) =>
    withApp(tarball, {}, async (app) => {
      await addFolder(app, 'examples', 'examples')
      return inTurn(names, (name) => runOne(app, tarball, name))
    }),
  ),
)

/** Runs an example, prints a line, and tells what became of it. */
async function runOne(app, tarball, name) {
  const say = (text) => console.log(`${name.padEnd(12)} ${text}`)
  if (name in PAGES && !(await isInstalled('chromium')) && !isStrict) {
    say('Chromium is not installed: skipped (.ci/install-tools installs it)')
    return 'skipped'
  }
  if (name.endsWith('-nginx') && !(await isNginxInstalled()) && !isStrict) {
    say('nginx is not installed: skipped (.ci/install-tools installs it)')
    return 'skipped'
  }
  const start = performance.now()
  try {
    const seen = await check(app, tarball, name)
    say(`ok      ${seen} (${((performance.now() - start) / 1000).toFixed(1)} s)`)
    return 'passed'
  } catch (error) {
    say(`FAILED  ${[error?.stack ?? error, error?.stdout].filter(Boolean).join('\n')}`)
    return 'failed'
  }
}

function check(app, tarball, name) {
  if (SERVICE_NAMES.includes(name)) return checkService(tarball, name)
  const special = { ...PAGES, ...OTHERS }[name]
  return special ? special(app) : checkServer(app, name)
}

/** Starts a server, asks too much of it, and asks again when it says that it may. */
async function checkServer(app, name) {
  const [binary, ...args] = await SERVERS[name](app)
  const env = { ...process.env, PORT: '0', DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' }
  const child = spawn(binary, args, { cwd: app, env, stdio: ['ignore', 'pipe', 'pipe'] })
  try {
    const url = await address(child)
    const start = performance.now()
    const answers = []
    for (let i = 0; i < REQUESTS; i++) answers.push(await ask(url))
    const seconds = (performance.now() - start) / 1000
    const admitted = answers.filter(({ status }) => status === 200).length
    const most = LIMIT * (1 + Math.floor(seconds)) + CAPACITY
    if (answers.slice(0, LIMIT).some(({ status }) => status !== 200)) throw new Error('refused what it should admit')
    if (admitted > most) throw new Error(`admitted ${admitted} in ${seconds} s, more than ${most}`)
    const denied = answers.filter(({ status }) => status !== 200)
    const wrong = denied.find(({ status, retryAfter }) => status !== 429 || !(retryAfter >= 1 && retryAfter <= 2))
    if (wrong || denied.length === 0) throw new Error(`denials are wrong: ${JSON.stringify(wrong ?? 'none')}`)
    await new Promise((resolve) => setTimeout(resolve, denied.at(-1).retryAfter * 1000))
    const later = await ask(url)
    if (later.status !== 200) throw new Error(`after Retry-After it still answered ${later.status}`)
    return `${admitted} of ${REQUESTS} admitted, then 429; admitted again after Retry-After: ${denied.at(-1).retryAfter}`
  } finally {
    child.kill('SIGTERM')
  }
}

async function ask(url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) })
  await response.arrayBuffer()
  return { status: response.status, retryAfter: Number(response.headers.get('retry-after')) }
}
