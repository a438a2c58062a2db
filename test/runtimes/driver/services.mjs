/**
 * The examples that put a limit of 10 requests a minute in front of a service: Express, Fastify, Hono, Koa, Nest, Next.js,
 * and `guard` alone. Each is asked through two proxies, which stand for two clients, and Express through a real nginx, too.
 */
import { cp } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { buildNext } from '../checks/next.mjs'
import { withServer } from './app-server.mjs'
import { withNginx } from './nginx.mjs'
import { addFolder, withApp } from './package.mjs'
import { bunBinary, denoBinary, nodeBinary } from './processes.mjs'
import { startProxy } from './proxy.mjs'
import { install, run, withVersion } from './tools.mjs'
import { COMPATIBILITY_DATE, MINIFLARE, NEST, NEXT_16, NODE_TYPES } from './versions.mjs'
import { checkWebSockets } from './web-sockets.mjs'

const SERVE_WORKER = fileURLToPath(new URL('serve-worker.mjs', import.meta.url))

const LIMIT = 10
const WINDOW_SECONDS = 60
const CLIENTS = ['198.51.100.1', '198.51.100.2']

const DENO = ['run', '--no-prompt', '--node-modules-dir=manual', '--allow-net=127.0.0.1', '--allow-env=PORT']

/**
 * By name of the example: what it needs beside the package (`tools`: names with versions, or names whose version is the
 * repository's), and its command, which may build it first.
 */
const SERVICES = {
  express: { tools: ['express'], command: () => node('examples/express/server.mjs') },
  'express-nginx': { tools: ['express'], command: () => node('examples/express/server.mjs'), check: checkBehindNginx },
  fastify: { tools: ['fastify'], command: () => node('examples/fastify/server.mjs') },
  koa: { tools: ['koa'], command: () => node('examples/koa/server.mjs') },
  hono: { tools: ['hono', '@hono/node-server'], command: () => node('examples/hono/node.mjs') },
  'hono-bun': { tools: ['hono'], command: async () => [await bunBinary(), 'run', 'examples/hono/bun.mjs'] },
  'hono-deno': { tools: ['hono'], command: async () => [await denoBinary(), ...DENO, 'examples/hono/deno.mjs'] },
  'hono-worker': { tools: ['hono'], command: (app) => worker(app, 'examples/hono/worker.mjs') },
  'guard-bun': { tools: [], command: async () => [await bunBinary(), 'run', 'examples/guard/bun.ts'] },
  'guard-deno': { tools: [], command: async () => [await denoBinary(), ...DENO, 'examples/guard/deno.ts'] },
  nest: { tools: [...NEST, NODE_TYPES, '@types/express'], type: 'commonjs', command: nest },
  next: { tools: NEXT_16, command: next },
  websocket: { tools: ['ws'], command: () => node('examples/websocket/server.mjs'), check: checkWebSockets },
}

/** The examples' names. */
export const SERVICE_NAMES = Object.keys(SERVICES)

/** Puts the packed package and an example into an app of its own, runs it, and asks it. Tells what was seen. */
export async function checkService(tarball, name) {
  const { tools, type, command, check = checkLimit } = SERVICES[name]
  return withApp(tarball, { tools: await Promise.all(tools.map(withVersion)), type }, async (app) => {
    await addFolder(app, 'examples', 'examples')
    const [binary, ...args] = await command(app)
    return withServer(app, args, check, { binary, env: { PORT: '0' } })
  })
}

function node(file) {
  return [process.execPath, file]
}

async function worker(app, file) {
  return [await nodeBinary(24), SERVE_WORKER, app, file, await install(MINIFLARE), COMPATIBILITY_DATE]
}

async function nest(app) {
  await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'examples/nest'], { cwd: app })
  return node('examples/nest/dist/main.js')
}

async function next(app) {
  // Next takes the folder with its modules for the app.
  await cp(`${app}/examples/next-middleware`, app, { recursive: true })
  return [process.execPath, ...(await buildNext(app))]
}

/**
 * Ten requests of a client go on, and the eleventh does not, whatever the client says of itself; the other client is not
 * concerned.
 */
async function checkLimit(url) {
  const proxies = await Promise.all(CLIENTS.map((client) => startProxy(url, client)))
  try {
    return await checkClients((client, number) => ask(proxies[client].url, number))
  } finally {
    await Promise.all(proxies.map(({ close }) => close()))
  }
}

function checkBehindNginx(url) {
  return withNginx(url, (nginx) => checkClients((client, number) => nginx.ask(CLIENTS[client], headersOf(number))))
}

/** @param askAs asks as the first or the second client, with a number that is another each time */
async function checkClients(askAs) {
  for (let asked = 1; asked <= LIMIT; asked++) expectAdmitted(await askAs(0, asked), LIMIT - asked)
  const wait = expectDenied(await askAs(0, LIMIT + 1))
  expectAdmitted(await askAs(1, 0), LIMIT - 1)
  return `${LIMIT} admitted, then 429 with Retry-After: ${wait}; another client admitted`
}

/** What a client sends that says it comes from elsewhere each time. */
function headersOf(number) {
  return { 'x-forwarded-for': `203.0.113.${number}`, 'cf-connecting-ip': `203.0.113.${number}` }
}

async function ask(url, number) {
  const response = await fetch(url, { headers: headersOf(number), signal: AbortSignal.timeout(30_000) })
  return { status: response.status, header: (name) => response.headers.get(name), body: await response.text() }
}

function expectAdmitted({ status, header, body }, remaining) {
  equal('status', status, 200)
  equal('body', body, 'Hello\n')
  equal('RateLimit-Policy', header('ratelimit-policy'), `"default";q=${LIMIT};w=${WINDOW_SECONDS}`)
  equal('RateLimit', header('ratelimit'), `"default";r=${remaining};t=${WINDOW_SECONDS}`)
  equal('Retry-After', header('retry-after'), null)
}

/** Gives the seconds to wait. */
function expectDenied({ status, header, body }) {
  equal('status', status, 429)
  const wait = Number(header('retry-after'))
  if (!(Number.isInteger(wait) && wait >= 1 && wait <= WINDOW_SECONDS)) throw new Error(`Retry-After is ${wait}`)
  equal('RateLimit-Policy', header('ratelimit-policy'), `"default";q=${LIMIT};w=${WINDOW_SECONDS}`)
  equal('RateLimit', header('ratelimit'), `"default";r=0;t=${wait}`)
  equal('Content-Type', header('content-type')?.split(';')[0], 'application/problem+json')
  equal('violated-policies', JSON.parse(body)['violated-policies']?.join(), 'default')
  return wait
}

function equal(what, seen, wanted) {
  if (seen !== wanted) throw new Error(`${what} is ${JSON.stringify(seen)}, not ${JSON.stringify(wanted)}`)
}
