/** Servers in pages run as they are, from the built package: what is copied from there answers 100 requests, and denies the next. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ROOT } from '../package/packed.js'
import { withPageServer } from '../support/page-server.js'

const PAGES = ['README.md', 'docs/migrate-express-rate-limit.md', 'docs/migrate-fastify-rate-limit.md']

const servers = PAGES.flatMap((page) =>
  Array.from(readFileSync(`${ROOT}${page}`, 'utf8').matchAll(/^```js\n([\s\S]*?)^```/gm), ([, code]) => code)
    .filter((code) => code.includes('.listen('))
    .map((code, index) => [`${page}, ${index}`, code] as const),
)

test('each page has some', () => {
  expect(servers.map(([name]) => name)).toEqual([
    'README.md, 0',
    'docs/migrate-express-rate-limit.md, 0',
    'docs/migrate-express-rate-limit.md, 1',
    'docs/migrate-fastify-rate-limit.md, 0',
    'docs/migrate-fastify-rate-limit.md, 1',
  ])
})

test.each(servers)('%s', async (_, code) => {
  await withPageServer(code, async (origin) => {
    const statuses: number[] = []
    for (let asked = 0; asked < 101; asked++) {
      const response = await fetch(origin)
      statuses.push(response.status)
      await response.arrayBuffer()
    }
    expect(statuses).toEqual([...Array(100).fill(200), 429])
  })
})
