/** The servers of the page run as they are, from the built package: what is copied from there works. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ROOT } from '../package/packed.js'
import { withPageServer } from '../support/page-server.js'

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
  await withPageServer(code, async (origin) => {
    const statuses: number[] = []
    for (let i = 0; i < 101; i++) {
      const response = await fetch(`${origin}/`, { headers: { 'X-Account': 'a' } })
      statuses.push(response.status)
      await response.text()
    }
    expect(statuses).toEqual([...Array(100).fill(200), 429])
  })
})
