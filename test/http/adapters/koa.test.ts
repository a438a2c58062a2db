/** Koa: answers that onDenied leaves half made. The rest is in the conformance suite. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import { expect, test, vi } from 'vitest'
import { rateLimit } from '../../../src/http/adapters/koa.js'
import { createLimiter, manualClock } from '../../../src/index.js'

test('onDenied that fails when it has changed the answer: the problem has the status of one', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const limiter = createLimiter({ limit: 1, sweepIntervalMs: 0, clock: manualClock() })
  const app = new Koa()
  const onDenied = (_: unknown, ctx: Koa.Context) => {
    ctx.body = null
    throw new Error('no template')
  }
  app.use(rateLimit({ limiter, key: () => 'a', limit: 0, onDenied }))
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  expect([response.status, response.headers.get('Content-Type')]).toEqual([
    429,
    expect.stringMatching(/^application\/problem\+json/),
  ])
  expect(await response.json()).toMatchObject({ status: 429 })
  warn.mockRestore()
  server.close()
  server.closeAllConnections()
})
