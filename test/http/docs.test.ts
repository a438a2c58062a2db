/** The first block of each framework's page runs as it is, from the built package: what is copied from there works. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { expect, test, vi } from 'vitest'
import { ROOT } from '../package/packed.js'

// A busy machine takes a while to start a process.
vi.setConfig({ testTimeout: 60_000 })

/** Listens on loopback and a free port, whatever the page says, and tells which. */
const LISTEN = `
  import { Server } from 'node:net'
  const listen = Server.prototype.listen
  Server.prototype.listen = function (...args) {
    this.once('listening', () => console.log(this.address().port))
    return listen.call(this, { port: 0, host: '127.0.0.1' }, args.findLast((arg) => typeof arg === 'function'))
  }`

test.each(['express', 'fastify', 'hono', 'koa'])('docs/%s.md', async (name) => {
  const [, code] =
    /```js\n([\s\S]*?)```/.exec(readFileSync(`${ROOT}docs/${name}.md`, 'utf8')) ?? expect.fail('no block')
  const server = spawn(
    process.execPath,
    ['--input-type=module', '--import', `data:text/javascript,${encodeURIComponent(LISTEN)}`, '-e', code],
    {
      cwd: ROOT,
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  try {
    const [port] = await once(createInterface(server.stdout), 'line')
    const ask = (path: string, method = 'GET', client = '198.51.100.1') =>
      fetch(`http://127.0.0.1:${port}${path}`, { method, headers: { 'X-Forwarded-For': client } })
    const first = await ask('/')
    expect([await first.text(), first.headers.get('RateLimit')]).toEqual(['Hello', '"default";r=99;t=60'])
    expect((await ask('/', 'GET', '198.51.100.2')).headers.get('RateLimit')).toBe('"default";r=99;t=60')
    if (!code.includes('/login')) return
    const statuses = []
    for (let times = 0; times < 6; times++) statuses.push((await ask('/login', 'POST')).status)
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429])
  } finally {
    server.kill()
  }
})
