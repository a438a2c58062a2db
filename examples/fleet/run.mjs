/**
 * Two processes behind a small balancer share one limit, while one after the other is killed under load and started again. Prints
 * the most requests that were admitted in any second. Starts a redis-server of its own, unless REDIS_URL names one.
 *
 *     node run.mjs [seconds]
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const LIMIT = 50
const REQUESTS_A_SECOND = 400
const KILL_EVERY_MS = 700

const seconds = Number(process.argv[2] ?? 5)
const server = fileURLToPath(new URL('server.mjs', import.meta.url))
const agent = new Agent({ keepAlive: true })

/** Starts a program, and waits for the line that says where it listens. */
function start(program, args, env, isReady) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  const ready = new Promise((resolve, reject) => {
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      said += text
      const found = isReady.exec(said)
      if (found) resolve(found[1])
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${program} ended with ${code}: ${said}`)))
  })
  return { child, ready }
}

async function startRedis() {
  if (process.env.REDIS_URL) return { url: process.env.REDIS_URL, stop() {} }
  const port = await freePort()
  const dir = mkdtempSync(join(tmpdir(), 'fleet-example-'))
  const options = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--dir', dir].map(String)
  const { child, ready } = start('redis-server', options, {}, /(Ready to accept connections)/)
  await ready
  const stop = () => {
    child.kill()
    rmSync(dir, { recursive: true, force: true })
  }
  return { url: `redis://127.0.0.1:${port}`, stop }
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => probe.once('listening', resolve))
  const { port } = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  return port
}

/** A process of the fleet, on a port of its own. */
async function startServer(url) {
  const port = await freePort()
  const { child, ready } = start(process.execPath, [server], { REDIS_URL: url, PORT: port }, /(Listening)/)
  await ready
  return { port, child }
}

const redis = await startRedis()
const fleet = [await startServer(redis.url), await startServer(redis.url)]

/** When the answers of admitted requests came to the balancer. */
const admitted = []

/** The balancer: the servers in turn; one that is away is passed over. */
let turn = 0
const balancer = createServer((incoming, outgoing) => {
  const forward = (index, tries) => {
    const { port } = fleet[index % fleet.length]
    const asked = request(
      { port, host: '127.0.0.1', path: incoming.url, headers: incoming.headers, agent },
      (answer) => {
        if (answer.statusCode === 200) admitted.push(performance.now())
        outgoing.writeHead(answer.statusCode, answer.headers)
        answer.pipe(outgoing)
      },
    )
    asked.on('error', () => {
      if (outgoing.headersSent) outgoing.destroy()
      else if (tries > 0) forward(index + 1, tries - 1)
      else outgoing.writeHead(502).end()
    })
    asked.end()
  }
  forward(turn++, 1)
})
await new Promise((resolve) => balancer.listen(0, '127.0.0.1', resolve))

const counts = { admitted: 0, denied: 0, failed: 0, kills: 0 }
function ask() {
  const asked = request(
    { port: balancer.address().port, host: '127.0.0.1', headers: { 'x-user': 'user123' }, agent },
    (answer) => {
      answer.resume()
      if (answer.statusCode === 200) {
        counts.admitted++
      } else if (answer.statusCode === 429) counts.denied++
      else counts.failed++
    },
  )
  asked.on('error', () => counts.failed++)
  asked.end()
}

const load = setInterval(ask, 1000 / REQUESTS_A_SECOND)
const end = performance.now() + seconds * 1000
while (performance.now() < end) {
  await new Promise((resolve) => setTimeout(resolve, KILL_EVERY_MS))
  // One at a time: the other one serves meanwhile.
  const index = counts.kills++ % fleet.length
  fleet[index].child.kill('SIGKILL')
  fleet[index] = await startServer(redis.url)
}
clearInterval(load)
await new Promise((resolve) => setTimeout(resolve, 500))

// Answers arrive some milliseconds after the decision, and on a busy machine more: so much may a second be shorter.
const ARRIVAL_MS = 200
let worst = 0
for (let from = 0, to = 0; to < admitted.length; to++) {
  while (admitted[from] <= admitted[to] - (1000 - ARRIVAL_MS)) from++
  worst = Math.max(worst, to - from + 1)
}
console.log(JSON.stringify({ ...counts, limit: LIMIT, worstSecond: worst }))
for (const { child } of fleet) child.kill()
balancer.close()
balancer.closeAllConnections()
agent.destroy()
redis.stop()
