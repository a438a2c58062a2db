/** Limits of a fleet with others, and behind `spillway/http`: over a real server. */
import { describe, expect, test } from 'vitest'
import type { FleetLimiter } from '../../src/fleet/index.js'
import { checkTogether, loadFleetLimiter, redisStore } from '../../src/fleet/index.js'
import { guard } from '../../src/http/index.js'
import { createLimiter } from '../../src/index.js'
import { hasRedis, useRedis } from './redis-servers.js'

describe.skipIf(!hasRedis)('a fleet limiter', () => {
  const used = useRedis()
  let names = 0

  function load(limit: number): Promise<FleetLimiter> {
    const store = redisStore(used.redis)
    return loadFleetLimiter({
      store,
      name: `together ${++names}`,
      limit,
      windowMs: 60_000,
      processes: 1,
      timeoutMs: 60_000,
    })
  }

  test('decides together with others, in order, and takes nothing if one denies', async () => {
    const [minute, tenant] = [await load(3), await load(2)]
    const local = createLimiter({ limit: 10, windowMs: 60_000 })
    const ask = () =>
      checkTogether([
        { limiter: local, userId: 'a' },
        { limiter: minute, userId: 'a' },
        { limiter: tenant, userId: 'tenant' },
      ])
    expect(await ask()).toMatchObject({ allowed: true, denied: [], retryAfterMs: 0 })
    expect(await ask()).toMatchObject({
      allowed: true,
      decisions: [{ remaining: 8 }, { remaining: 1 }, { remaining: 0 }],
    })
    const denied = await ask()
    expect(denied).toMatchObject({ allowed: false, denied: [2] })
    expect(denied.retryAfterMs).toBeGreaterThan(50_000)
    expect(denied.decisions.map(({ remaining }) => remaining)).toEqual([8, 1, 0])
    expect((await minute.peek('a')).remaining).toBe(1)
  })

  test('tells of those behind the one that denies', async () => {
    const [first, second] = [await load(1), await load(1)]
    const ask = () =>
      checkTogether([
        { limiter: first, userId: 'a' },
        { limiter: second, userId: 'a' },
      ])
    expect((await ask()).allowed).toBe(true)
    expect((await ask()).denied).toEqual([0, 1])
    await first.reset('a')
    expect((await ask()).denied).toEqual([1])
    expect((await first.peek('a')).remaining).toBe(1)
  })

  test.each([
    [undefined, /requests must be an array/],
    [[], /there must be 1 to 16 requests/],
    [[{ limiter: {}, userId: 'a' }], /requests\[0\].limiter must be a limiter/],
    [[{ limiter: createLimiter(), userId: 1 }], /requests\[0\].userId must be a string/],
    [[{ limiter: createLimiter(), userId: 'a', costs: 1 }], /costs/],
  ])('bad input: %o', async (requests, message) => {
    await expect(checkTogether(requests as never)).rejects.toThrow(message)
  })

  test('gives back what was taken before bad input further on', async () => {
    const limiter = await load(2)
    const requests = [
      { limiter, userId: 'a' },
      { limiter: createLimiter(), userId: 'a', cost: 0 },
    ]
    await expect(checkTogether(requests)).rejects.toThrow(RangeError)
    expect((await limiter.peek('a')).remaining).toBe(2)
  })

  test('serves spillway/http', async () => {
    const limiter = await load(2)
    const handler = guard({ limiter, key: () => 'a' }, () => new Response('done'))
    const answers = [
      await handler(new Request('http://a/')),
      await handler(new Request('http://a/')),
      await handler(new Request('http://a/')),
    ]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429])
    expect(answers[2]?.headers.get('ratelimit')).toMatch(/^"default";r=0;t=60$/)
  })
})
