/** The servers of the page run as they are, from the built package: what is copied from there works. */
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

const page = readFileSync(`${ROOT}docs/stores.md`, 'utf8')
const servers = Array.from(page.matchAll(/^```js\n([\s\S]*?)^```/gm), ([, code]) => code)

test('the page has a server for each host but Nest, which wants decorators', () => {
  expect(servers.map((code) => /'spillway\/(.*)'/.exec(code)?.[1])).toEqual([
    'express-rate-limit',
    'fastify-rate-limit',
    'hono-rate-limiter',
  ])
})

test.each(servers)('%#: answers 100 requests, and no more', async (code) => {
  const server = spawn(
    process.execPath,
    ['--input-type=module', '--import', `data:text/javascript,${encodeURIComponent(LISTEN)}`, '-e', code],
    { cwd: ROOT, env: { ...process.env, NODE_OPTIONS: '' }, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  try {
    const [port] = await once(createInterface(server.stdout), 'line')
    const statuses: number[] = []
    for (let i = 0; i < 101; i++) {
      const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { 'X-Account': 'a' } })
      statuses.push(response.status)
      await response.text()
    }
    expect(statuses).toEqual([...Array(100).fill(200), 429])
  } finally {
    server.kill()
  }
})
