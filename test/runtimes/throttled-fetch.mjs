/**
 * `throttledFetch` of the packed package in real time, against a server that limits to 50 a second: a client that is as fast
 * must get all it asks for in the least time, and no denial; three that share the limit must settle.
 *
 *     node test/runtimes/throttled-fetch.mjs [--only node,deno,…] [--tarball FILE] [--help]
 */
import { createServer } from 'node:http'
import { pathToFileURL } from 'node:url'
import { isInstalled, openChromium } from './driver/browsers.mjs'
import { command, inTurn, isStrict } from './driver/command.mjs'
import { addFolder, withApp } from './driver/package.mjs'
import { denoBinary } from './driver/processes.mjs'
import { serve } from './driver/server.mjs'
import { run } from './driver/tools.mjs'

const LIMIT = 50
const CALLS = 1000
/** Calls of each client of several. */
const SHARED_CALLS = 400
const SHARERS = 3
/** Of the calls of clients that share: what may be denied until they have noticed each other, and then. */
const MOST_DENIED = 0.05

/**
 * What all calls may take longer than the least. A window waits for the last answer of the one before it: some ms in a process, and
 * 70 in a page, which has six connections. That makes 0.5 s and 1.5 s in all on a quiet machine; a busy one takes longer, which is no fault.
 */
const SLACK_SECONDS = { process: 3, page: 5 }

/** By name: how many clients, and what runs them. Each gives what `callMany` gives, for each client. */
const CHECKS = {
  node: { clients: 1, runClients: inNode },
  deno: { clients: 1, runClients: inDeno },
  chromium: { clients: 1, runClients: inPages },
  'node-shared': { clients: SHARERS, runClients: inNode },
  'chromium-shared': { clients: SHARERS, runClients: inPages },
}

const does = 'Calls a limited server through throttledFetch, in real time.'
await command({ does, names: Object.keys(CHECKS) }, (names, { tarball }) =>
  withApp(tarball, {}, async (app) => {
    await addFolder(app, 'test/runtimes/fetching', 'fetching')
    return inTurn(names, (name) => check(app, name))
  }),
)

async function check(app, name) {
  const { clients, runClients } = CHECKS[name]
  if (runClients === inPages && !isStrict && !(await isInstalled('chromium'))) {
    console.log(`${name.padEnd(16)} not installed: skipped (.ci/install-tools installs it)`)
    return 'skipped'
  }
  const server = await limitedServer(app)
  const calls = clients === 1 ? CALLS : SHARED_CALLS
  try {
    const reports = await runClients(app, server.url, calls, clients)
    const failures = judge(name, reports, calls, server)
    const seconds = Math.max(...reports.map((report) => report.seconds))
    console.log(
      `${name.padEnd(16)} ${clients} x ${calls} calls in ${seconds.toFixed(2)} s, ${server.denials.length} denied` +
        `${server.denials.length > 0 ? `, the last after ${server.denials.at(-1).toFixed(2)} s` : ''}`,
    )
    for (const failure of failures) console.log(`    FAILED: ${failure}`)
    return failures.length > 0 ? 'failed' : 'passed'
  } catch (error) {
    console.log(`${name.padEnd(16)} FAILED: ${error?.stack ?? error}`)
    return 'failed'
  } finally {
    await server.close()
  }
}

/** What is wrong with what clients saw, and the server. */
function judge(name, reports, calls, { denials, requests }) {
  const failures = []
  const expect = (is, what) => is || failures.push(what)
  const least = (reports.length * calls) / LIMIT - 1
  for (const { seconds, statuses } of reports) {
    expect(statuses[200] === calls, `not all were answered 200: ${JSON.stringify(statuses)}`)
    if (reports.length === 1) {
      const most = least + (name === 'chromium' ? SLACK_SECONDS.page : SLACK_SECONDS.process)
      expect(seconds >= least && seconds <= most, `it took ${seconds} s, not ${least} to ${most}`)
      expect(denials.length === 0, `${denials.length} were denied`)
    } else {
      // Each leaves something for the others, and waits for a random time.
      expect(seconds <= 1.5 * least, `it took ${seconds} s, and ${least} would do`)
    }
  }
  expect(denials.length <= MOST_DENIED * requests(), `${denials.length} of ${requests()} were denied`)
  return failures
}

/** A server that limits all its clients together, and notes when it denied. */
async function limitedServer(app) {
  const from = (path) => import(pathToFileURL(`${app}/node_modules/spillway/dist/${path}`).href)
  const { loadLimiter } = await from('index.mjs')
  const { rateLimit } = await from('http/adapters/express.mjs')
  const limit = rateLimit({ limiter: await loadLimiter({ limit: LIMIT }), key: () => 'all' })
  const denials = []
  let requests = 0
  let start
  const server = createServer((request, response) => {
    start ??= performance.now()
    requests++
    // Else pages of another origin may not read them.
    response.setHeader('Access-Control-Allow-Origin', '*')
    response.setHeader('Access-Control-Expose-Headers', 'RateLimit, RateLimit-Policy, Retry-After')
    response.on('finish', () => {
      if (response.statusCode === 429) denials.push((performance.now() - start) / 1000)
    })
    limit(request, response, () => response.end('here you are'))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  }
  return { url: `http://127.0.0.1:${server.address().port}/`, denials, requests: () => requests, close }
}

function inNode(app, url, calls, clients) {
  return inProcesses(app, process.execPath, [], url, calls, clients)
}

async function inDeno(app, url, calls, clients) {
  const flags = ['run', '--no-prompt', '--allow-net=127.0.0.1', '--node-modules-dir=manual']
  return inProcesses(app, await denoBinary(), flags, url, calls, clients)
}

function inProcesses(app, binary, flags, url, calls, clients) {
  const env = { ...process.env, DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1', NODE_OPTIONS: '' }
  const args = [...flags, 'fetching/process.mjs', url, `${calls}`]
  return Promise.all(
    Array.from({ length: clients }, async () => {
      const { stdout } = await run(binary, args, { cwd: app, env, timeout: 120_000 })
      return JSON.parse(stdout)
    }),
  )
}

/** Tabs of one browser. */
async function inPages(app, url, calls, clients) {
  const server = await serve(app)
  try {
    return await openChromium(async (first) => {
      const pages = [first]
      while (pages.length < clients) pages.push(await first.context().newPage())
      for (const page of pages) {
        await page.goto(`${server.url}/fetching/index.html`)
        await page.waitForFunction(() => globalThis.callMany !== undefined)
      }
      return Promise.all(
        pages.map((page) => page.evaluate(([url, calls]) => globalThis.callMany(url, calls), [url, calls])),
      )
    })
  } finally {
    await server.close()
  }
}
