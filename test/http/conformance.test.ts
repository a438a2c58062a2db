/** One suite for every adapter, each on a real server: what a client sees is the same whatever the framework. */
import { connect } from 'node:net'
import { parseList } from 'structured-headers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Verdict } from '../../src/http/index.js'
import { deferred } from './support/deferred.js'
import type { Handler, Header, Running, SuiteOptions } from './support/hosts.js'
import { hosts } from './support/hosts.js'
import { limiterOf } from './support/limiter.js'

const unhandled = vi.fn()
const key = (header: Header) => header('x-user') ?? 'a'
const running: Running[] = []

beforeAll(() => void process.on('unhandledRejection', unhandled))
afterAll(() => void process.off('unhandledRejection', unhandled))
beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}))
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()))
  await new Promise(setImmediate)
  expect(unhandled).not.toHaveBeenCalled()
  vi.restoreAllMocks()
})

describe.each(hosts)('$name', (host) => {
  /** Starts a server, whose handler is counted. */
  async function start(options: SuiteOptions, handle: Handler = () => 200) {
    const handler = vi.fn(handle)
    const server = await host.start(options, handler)
    running.push(server)
    const statuses = async (...asked: Record<string, string>[]) => {
      const all: number[] = []
      for (const headers of asked) all.push((await server.ask(headers)).status)
      return all
    }
    return { ...server, handler, statuses }
  }

  test('headers on what goes on, and a problem for what does not', async () => {
    const { ask, handler } = await start({ limiter: limiterOf(1, { burst: { capacity: 1 } }), key })
    const passed = await ask()
    expect(passed).toMatchObject({ status: 200, body: 'handled' })
    expect(passed.headers).toMatchObject({
      'ratelimit-policy': '"default";q=1;w=60, "burst";q=1',
      ratelimit: '"default";r=0;t=60, "burst";r=0',
    })
    expect(passed.headers).not.toHaveProperty('retry-after')
    const denied = await ask()
    expect(denied.status).toBe(429)
    expect(denied.headers).toMatchObject({
      'content-type': expect.stringMatching(/^application\/problem\+json/),
      'ratelimit-policy': '"default";q=1;w=60, "burst";q=1',
      'retry-after': expect.stringMatching(/^\d+$/),
    })
    expect(parseList(denied.headers.ratelimit)).toHaveLength(2)
    expect(JSON.parse(denied.body)).toEqual({
      type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
      title: 'Request cannot be satisfied as assigned quota has been exceeded',
      status: 429,
      'violated-policies': ['default'],
    })
    expect(handler).toHaveBeenCalledTimes(1)
    expect((await ask({ 'x-user': 'b' })).status).toBe(200)
  })

  test('an error of the handler stays one, and counts', async () => {
    const { ask } = await start({ limiter: limiterOf(1), key }, () => {
      throw new Error('mine')
    })
    const { status, headers } = await ask()
    expect(status).toBe(500)
    if (host.keepsHeaders) expect(headers.ratelimit).toBe('"default";r=0;t=60')
    expect((await ask()).status).toBe(429)
  })

  test('several limits are decided together', async () => {
    const mine = limiterOf(9)
    const { ask, statuses } = await start({
      limits: [
        { name: 'user', limiter: mine, key },
        { name: 'tenant', limiter: limiterOf(1), key: () => 't' },
      ],
    })
    expect(await statuses({}, {})).toEqual([200, 429])
    const { headers, body } = await ask()
    expect(headers.ratelimit).toBe('"user";r=8, "tenant";r=0;t=60')
    expect(JSON.parse(body)['violated-policies']).toEqual(['tenant'])
    expect(mine.peek('a').remaining).toBe(8)
  })

  test('skip, cost and limit of the request', async () => {
    const { statuses } = await start({
      limiter: limiterOf(10),
      key,
      skip: (header) => header('x-skip') === 'yes',
      cost: (header) => Number(header('x-cost') ?? 1),
      limit: async (header) => Number(header('x-limit') ?? 10),
    })
    expect(await statuses({ 'x-cost': '6' }, { 'x-cost': '6' }, { 'x-cost': '6', 'x-skip': 'yes' })).toEqual([
      200, 429, 200,
    ])
    expect(await statuses({ 'x-limit': '6' }, { 'x-limit': '7' }, { 'x-cost': '3' })).toEqual([429, 200, 200])
  })

  test('shadow denies nobody, sends nothing, and tells', async () => {
    const verdicts: Verdict[] = []
    const { ask } = await start({ limiter: limiterOf(1), key, shadow: true, onDecision: (told) => verdicts.push(told) })
    for (let times = 0; times < 2; times++) {
      const { status, headers } = await ask()
      expect([status, headers.ratelimit]).toEqual([200, undefined])
    }
    expect(verdicts.map(({ allowed }) => allowed)).toEqual([true, false])
  })

  test('countOnly gives back by the status of the answer', async () => {
    const status = (header: Header) => Number(header('x-status') ?? 200)
    const failed = await start({ limiter: limiterOf(2), key, countOnly: 'failed' }, status)
    const [good, bad] = [{}, { 'x-status': '401' }]
    expect(await failed.statuses(good, good, good, bad, good, bad, good)).toEqual([200, 200, 200, 401, 200, 401, 429])
    const succeeded = await start({ limiter: limiterOf(1), key, countOnly: 'succeeded' }, status)
    expect(await succeeded.statuses(bad, bad, good, bad)).toEqual([401, 401, 200, 429])
  })

  test('headers of another style, and none', async () => {
    const legacy = await start({ limiter: limiterOf(1), key, headers: 'legacy' })
    expect((await legacy.ask()).headers).toMatchObject({ 'x-ratelimit-limit': '1', 'x-ratelimit-remaining': '0' })
    const none = await start({ limiter: limiterOf(1), key, headers: false })
    await none.ask()
    const { status, headers } = await none.ask()
    expect([status, Object.keys(headers).filter((name) => /ratelimit|retry/.test(name))]).toEqual([429, []])
  })

  test('onDenied answers, with the headers; where it fails, the problem does', async () => {
    const own = await start({
      limiter: limiterOf(1),
      key,
      onDenied: ({ denied }, header) => `${denied} ${header('x-word')}`,
    })
    await own.ask()
    const denied = await own.ask({ 'x-word': 'please' })
    expect(denied).toMatchObject({ status: 429, body: 'default please' })
    expect(denied.headers['retry-after']).toBe('60')
    const failing = await start({
      limiter: limiterOf(1),
      key,
      onDenied: () => {
        throw new Error('broken')
      },
    })
    await failing.ask()
    const problem = await failing.ask()
    expect([problem.status, JSON.parse(problem.body).status]).toEqual([429, 429])
  })

  test('HEAD and OPTIONS count, and are denied too', async () => {
    const { ask } = await start({ limiter: limiterOf(2), key })
    for (const method of ['HEAD', 'OPTIONS']) await ask({}, method)
    const head = await ask({}, 'HEAD')
    expect([head.status, head.headers['retry-after'], head.body]).toEqual([429, '60', ''])
    expect((await ask({}, 'OPTIONS')).status).toBe(429)
  })

  const failures: [string, () => SuiteOptions][] = [
    [
      'a key function that throws',
      () => ({
        limiter: limiterOf(1),
        key: () => {
          throw new Error('no session')
        },
      }),
    ],
    ['one that rejects', () => ({ limiter: limiterOf(1), key: () => Promise.reject(new Error('no session')) })],
    ['one that never resolves', () => ({ limiter: limiterOf(1), key: () => new Promise(() => {}), timeoutMs: 1 })],
    ['no key', () => ({ limiter: limiterOf(1), key: (header) => header('x-none') })],
    [
      'a limiter that is closed',
      () => {
        const limiter = limiterOf(1)
        limiter.close()
        return { limiter, key }
      },
    ],
  ]

  test.each(failures)('%s: 500 without the reason, unless such requests are to go on', async (_, options) => {
    const denying = await start(options())
    const { status, body, headers } = await denying.ask()
    expect([status, JSON.parse(body)]).toEqual([
      500,
      { type: 'about:blank', title: 'Internal Server Error', status: 500 },
    ])
    expect(headers).not.toHaveProperty('ratelimit')
    expect(denying.handler).not.toHaveBeenCalled()
    const allowing = await start({ ...options(), onError: 'allow' })
    expect(await allowing.statuses({})).toEqual([200])
  })

  test('a limiter that is closed under traffic lets nothing through', async () => {
    const limiter = limiterOf(100)
    const { statuses, handler } = await start({ limiter, key })
    expect(await statuses({}, {})).toEqual([200, 200])
    limiter.close()
    expect(await statuses({}, {})).toEqual([500, 500])
    expect(handler).toHaveBeenCalledTimes(2)
  })

  test('a key of 9,000 bytes', async () => {
    const { statuses } = await start({ limiter: limiterOf(1), key })
    const [long, other] = ['x', 'y'].map((end) => ({ 'x-user': `${'u'.repeat(9000)}${end}` }))
    expect(await statuses(long, long, other)).toEqual([200, 429, 200])
  })

  test('requests at the same time, each waiting for its key', async () => {
    const { ask } = await start({ limiter: limiterOf(3), key: async (header) => key(header) })
    const answers = await Promise.all(new Array(10).fill({}).map((headers) => ask(headers)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, ...new Array(7).fill(429)])
  })

  test.skipIf(host.http2)('pipelined requests are answered in order', async () => {
    const { port } = await start({ limiter: limiterOf(2), key })
    const socket = connect(port, '127.0.0.1')
    const one = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
    socket.write(`${one}${one}${one.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')}`)
    let answers = ''
    for await (const part of socket) answers += part
    expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 429'])
  })

  test.skipIf(host.http2)('a client that leaves before the decision disturbs nobody', async () => {
    const [asked, told] = [deferred<void>(), deferred<string>()]
    const decided = deferred<Verdict>()
    const { port, ask } = await start({
      limiter: limiterOf(2),
      countOnly: 'failed',
      key: (header) => {
        if (header('x-user')) return 'b'
        asked.resolve()
        return told.promise
      },
      onDecision: (verdict) => decided.resolve(verdict),
    })
    const socket = connect(port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await asked.promise
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.destroy()
    await closed
    told.resolve('a')
    expect((await decided.promise).allowed).toBe(true)
    expect((await ask({ 'x-user': 'b' })).status).toBe(200)
  })
})
