/** The first block of each framework's page runs as it is, from the built package: what is copied from there works. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ROOT } from '../package/packed.js'
import { withPageServer } from '../support/page-server.js'

test.each(['express', 'fastify', 'hono', 'koa'])('docs/%s.md', async (name) => {
  const [, code] =
    /```js\n([\s\S]*?)```/.exec(readFileSync(`${ROOT}docs/${name}.md`, 'utf8')) ?? expect.fail('no block')
  await withPageServer(code, async (origin) => {
    const ask = (path: string, method = 'GET', client = '198.51.100.1') =>
      fetch(`${origin}${path}`, { method, headers: { 'X-Forwarded-For': client } })
    const first = await ask('/')
    expect([await first.text(), first.headers.get('RateLimit')]).toEqual(['Hello', '"default";r=99;t=60'])
    expect((await ask('/', 'GET', '198.51.100.2')).headers.get('RateLimit')).toBe('"default";r=99;t=60')
    if (!code.includes('/login')) return
    const statuses = []
    for (let times = 0; times < 6; times++) statuses.push((await ask('/login', 'POST')).status)
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429])
  })
})
