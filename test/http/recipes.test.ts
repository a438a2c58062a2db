/** What the recipes for services promise, on real servers. The code is the page's: `programUnder` takes it from there. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { serve } from '@hono/node-server'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import type { Limiter } from '../../src/index.js'
import { programUnder, run } from '../docs/page-code.js'

// The time is faked, timers are not: servers wait by them for the bodies of requests.
vi.useFakeTimers({ now: Date.UTC(2026, 0, 1), toFake: ['Date', 'performance'] })

const MINUTE_AND_TICKS = 60_010

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** What the code under a heading declares, anew. */
async function recipe<Names>(heading: string): Promise<Names> {
  return (await run(programUnder('docs/recipes-http.md', heading))).names as Names
}

async function listen(server: Server): Promise<number> {
  if (!server.listening) server.listen(0, '127.0.0.1')
  if (!server.listening) await once(server, 'listening')
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

describe('WebSockets', () => {
  interface Recipe {
    server: Server
    messages: Limiter
  }

  async function start() {
    const { server, messages } = await recipe<Recipe>('WebSockets')
    const port = await listen(server)
    /** Connects as a client of an address: gives the WebSocket, or the answer of a refusal. */
    const open = (address: string) =>
      new Promise<WebSocket | { status: number; headers: Record<string, unknown> }>((resolve, reject) => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}`, { headers: { 'X-Forwarded-For': address } })
        closing.push(() => socket.terminate())
        socket.on('error', reject)
        socket.on('open', () => resolve(socket))
        socket.on('unexpected-response', (_, { statusCode = 0, headers }) => resolve({ status: statusCode, headers }))
      })
    const opened = async (address: string) => {
      const socket = await open(address)
      return socket instanceof WebSocket ? socket : expect.fail(`refused: ${socket.status}`)
    }
    return { port, messages, open, opened }
  }

  async function echo(socket: WebSocket, text: string): Promise<string> {
    const answer = once(socket, 'message')
    socket.send(text)
    return String((await answer)[0])
  }

  test('an address connects five times a minute; the sixth time it is answered 429', async () => {
    const { open, opened } = await start()
    for (let times = 0; times < 5; times++) await opened('198.51.100.1')
    expect(await open('198.51.100.1')).toMatchObject({
      status: 429,
      headers: { 'retry-after': '60', ratelimit: '"default";r=0;t=60', connection: 'close' },
    })
    await opened('198.51.100.2')
    await vi.advanceTimersByTimeAsync(MINUTE_AND_TICKS)
    await opened('198.51.100.1')
  })

  test('a user sends ten messages over all connections, and is closed with 1013', async () => {
    const { opened, messages } = await start()
    const asked = vi.spyOn(messages, 'check')
    const sockets = [await opened('198.51.100.1'), await opened('198.51.100.1')]
    for (let i = 0; i < 10; i++) expect(await echo(sockets[i % 2], `${i}`)).toBe(`${i}`)
    for (const socket of sockets) {
      const answered = vi.fn()
      socket.on('message', answered)
      const closed = once(socket, 'close')
      for (let times = 0; times < 3; times++) socket.send('too many')
      expect((await closed).map(String)).toEqual(['1013', 'again in 60 s'])
      expect(answered).not.toHaveBeenCalled()
    }
    // Of each connection the first that is too many is asked about, and none behind it.
    expect(asked).toHaveBeenCalledTimes(12)
    expect(await echo(await opened('198.51.100.2'), 'mine')).toBe('mine')
    await vi.advanceTimersByTimeAsync(MINUTE_AND_TICKS)
    expect(await echo(await opened('198.51.100.1'), 'again')).toBe('again')
  })

  test('who is blocked is closed with 1008', async () => {
    const { opened, messages } = await start()
    messages.block('198.51.100.1', 1000)
    const socket = await opened('198.51.100.1')
    const closed = once(socket, 'close')
    socket.send('hello')
    expect((await closed).map(String)).toEqual(['1008', 'blocked'])
  })

  test('an address that a proxy garbled is answered 500, and a client that leaves in the middle disturbs nobody', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    const { port, open, opened } = await start()
    expect(await open('unknown')).toMatchObject({ status: 500 })
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(
      'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n',
    )
    socket.resetAndDestroy()
    await once(socket, 'close')
    expect(await echo(await opened('198.51.100.2'), 'hello')).toBe('hello')
    vi.restoreAllMocks()
  })
})

/** Asks a handler of requests through a real server. */
async function ask(handle: (request: Request) => Promise<Response>, path: string, init: RequestInit = {}) {
  const server = serve({ fetch: handle, hostname: '127.0.0.1', port: 0 }) as Server
  const port = await listen(server)
  const response = await fetch(`http://127.0.0.1:${port}${path}`, init)
  return { status: response.status, header: (name: string) => response.headers.get(name), json: await response.json() }
}

describe('GraphQL', () => {
  interface Recipe {
    handle(request: Request, context: { user: string }): Promise<Response>
    fields: Limiter
    requests: Limiter
  }

  async function start() {
    const { handle, fields, requests } = await recipe<Recipe>('GraphQL')
    const query = (text: string, user = 'bob') =>
      ask((request) => handle(request, { user }), '/graphql', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ query: text }),
      })
    return { query, fields, requests }
  }

  test('a query takes its fields, and the answer has the headers of the requests', async () => {
    const { query, fields } = await start()
    const { status, header, json } = await query('{ hello me { id friend { id } } }')
    expect([status, header('RateLimit')]).toEqual([200, '"default";r=29;t=60'])
    expect(json).toEqual({ data: { hello: 'Hello', me: { id: 'bob', friend: { id: "bob's friend" } } } })
    expect(fields.peek('bob').remaining).toBe(95)
  })

  test('a query for more than is left is not executed, and says when to ask again', async () => {
    const { query, fields } = await start()
    await query(`{ ${'hello '.repeat(60)} }`)
    const { status, header, json } = await query(`{ ${'hello '.repeat(41)} }`)
    expect([status, header('Retry-After')]).toEqual([429, '60'])
    expect(json).toMatchObject({ errors: [{ message: 'Too many fields' }] })
    expect(json).not.toHaveProperty('data')
    expect(fields.peek('bob').remaining).toBe(40)
    expect((await query(`{ ${'hello '.repeat(41)} }`, 'eve')).status).toBe(200)
  })

  test('fragments that double one another 60 times are refused without being walked through', async () => {
    const { query, fields } = await start()
    const doubling = Array.from({ length: 60 }, (_, i) => `fragment f${i} on User { ...f${i + 1} ...f${i + 1} }`)
    const { status } = await query(`{ me { ...f0 } } ${doubling.join(' ')} fragment f60 on User { id }`)
    expect(status).toBe(400)
    expect(fields.peek('bob').remaining).toBe(100)
  })

  test('what is no valid query takes no fields, but counts as a request', async () => {
    const { query, fields, requests } = await start()
    expect((await query('{ nothing }')).status).toBe(200)
    expect([fields.peek('bob').remaining, requests.peek('bob').remaining]).toEqual([100, 29])
    for (let times = 0; times < 29; times++) await query('{ nothing }')
    const { status, json } = await query('{ hello }')
    expect([status, json['violated-policies']]).toEqual([429, ['default']])
  })
})

describe('tRPC', () => {
  interface Recipe {
    handle(request: Request, user: string): Promise<Response>
    calls: Limiter
    requests: Limiter
  }

  async function start() {
    const { handle, calls, requests } = await recipe<Recipe>('tRPC')
    return {
      call: (path: string, user = 'bob') => ask((request) => handle(request, user), `/trpc/${path}`),
      calls,
      requests,
    }
  }

  test('a call takes what its procedure costs, and the answer has the headers of the requests', async () => {
    const { call, calls } = await start()
    const { status, header, json } = await call('report')
    expect([status, header('RateLimit'), json]).toEqual([
      200,
      '"default";r=29;t=60',
      { result: { data: 'a long report' } },
    ])
    expect(calls.peek('bob').remaining).toBe(5)
  })

  test('a call too many is TOO_MANY_REQUESTS, with the time to wait', async () => {
    const { call } = await start()
    for (let times = 0; times < 2; times++) await call('report')
    const { status, header, json } = await call('hello')
    expect([status, header('Retry-After')]).toEqual([429, '60'])
    expect(json.error.data).toMatchObject({ code: 'TOO_MANY_REQUESTS', path: 'hello' })
    expect((await call('hello', 'eve')).status).toBe(200)
  })

  test('each call of a batch counts, and the request once', async () => {
    const { call, calls, requests } = await start()
    const { status, json } = await call(`${'hello,'.repeat(11)}hello?batch=1`)
    expect(status).toBe(207)
    expect(json.map((one: object) => 'error' in one)).toEqual([...new Array(10).fill(false), true, true])
    expect([calls.peek('bob').remaining, requests.peek('bob').remaining]).toEqual([0, 29])
  })
})
