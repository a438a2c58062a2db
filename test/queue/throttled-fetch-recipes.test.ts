/** throttledFetch beneath other clients, against a real server that limits: the recipes of docs/throttled-fetch.md. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import axios from 'axios'
import ky from 'ky'
import type { Dispatcher } from 'undici'
import { Agent, request, fetch as undiciFetch } from 'undici'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { guard } from '../../src/http/index.js'
import { createLimiter } from '../../src/index.js'
import { throttledFetch } from '../../src/queue/throttled-fetch.js'

/** Of the server. Few, so that waiting for it takes little. */
const QUOTA = { limit: 8, windowMs: 300 }
const CALLS = 12

let server: Awaited<ReturnType<typeof limitedServer>>
beforeEach(async () => {
  server = await limitedServer()
})
afterEach(() => server.close())

/** Answers with what it was sent, and notes the statuses and bodies. */
async function limitedServer() {
  const limit = guard(
    { limiter: createLimiter(QUOTA), key: () => 'all' },
    (request) => new Response(request.headers.get('x-body')),
  )
  const statuses: number[] = []
  const bodies: string[] = []
  let failures = 0
  const http = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    response.on('finish', () => statuses.push(response.statusCode))
    bodies.push(body)
    if (failures > 0) {
      failures--
      response.writeHead(429, { 'Retry-After': '1' }).end('later')
      return
    }
    const answer = await limit(new Request('http://localhost', { headers: { 'X-Body': `got ${body}` } }))
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/`,
    statuses,
    bodies,
    /** Denies the next requests, whatever is left. */
    fail: (count: number) => {
      failures = count
    },
    close: () => {
      http.closeAllConnections()
      return new Promise((resolve) => http.close(resolve))
    },
  }
}

const limiter = () => createLimiter({ limit: 1000 })

/** More calls than a window has, one after the other answered: none may be denied. */
async function expectNoDenial(call: (index: number) => Promise<string>) {
  expect(await Promise.all(Array.from({ length: CALLS }, (_, index) => call(index)))).toEqual(
    Array.from({ length: CALLS }, (_, index) => `got ${index}`),
  )
  // Ten leave before the server has told that it admits eight.
  expect(server.statuses.filter((status) => status === 429).length).toBeLessThanOrEqual(2)
}

describe('fetch itself', () => {
  test('waits ahead of a denial', async () => {
    const fetch = throttledFetch({ limiter: limiter() })
    await expectNoDenial(async (index) => (await fetch(server.url, { method: 'POST', body: `${index}` })).text())
  })

  test('is sent again, whole', async () => {
    server.fail(1)
    const fetch = throttledFetch({ limiter: limiter() })
    expect(await (await fetch(server.url, { method: 'POST', body: 'text' })).text()).toBe('got text')
    expect(server.bodies).toEqual(['text', 'text'])
  })

  test('a signal ends it, be it on the way or waiting', async () => {
    server.fail(1)
    const controller = new AbortController()
    const { signal } = controller
    const call = throttledFetch({ limiter: limiter() })(server.url, { signal })
    setTimeout(() => controller.abort(), 100)
    await expect(call).rejects.toMatchObject({ name: 'AbortError' })
    expect(server.bodies).toHaveLength(1)
  })
})

test('axios', async () => {
  const politeFetch = throttledFetch({ limiter: limiter() })
  const client = axios.create({ adapter: 'fetch', env: { fetch: politeFetch, Request: null, Response: null } as never })
  server.fail(1)
  await expectNoDenial(async (index) => (await client.post(server.url, `${index}`)).data)
})

test('ky', async () => {
  const client = ky.create({ fetch: throttledFetch({ limiter: limiter() }), retry: 0, timeout: false })
  server.fail(1)
  expect(await client.get(server.url).text()).toBe('got')
  await expectNoDenial(async (index) => client.post(server.url, { body: `${index}` }).text())
})

describe('undici', () => {
  test('its fetch, and what that takes', async () => {
    const politeFetch = throttledFetch({ limiter: limiter(), fetch: undiciFetch })
    const dispatcher = new Agent({ connections: 2 })
    server.fail(1)
    await expectNoDenial(async (index) =>
      (await politeFetch(server.url, { method: 'POST', body: `${index}`, dispatcher })).text(),
    )
    await dispatcher.close()
  })

  test('an interceptor for all its verbs', async () => {
    const interceptor: Dispatcher.DispatcherComposeInterceptor = (dispatch) => {
      const send = throttledFetch({
        limiter: limiter(),
        retries: 0,
        key: ({ origin }: Dispatcher.DispatchOptions, _: Dispatcher.DispatchHandler) => `${origin}`,
        fetch: (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) =>
          new Promise<object>((resolve, reject) => {
            let isAnswered = false
            dispatch(options, {
              onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
              onRequestUpgrade: (...upgrade) => handler.onRequestUpgrade?.(...upgrade),
              onResponseStart(controller, status, headers, message) {
                isAnswered = true
                resolve({ status, headers: { get: (name: string) => headers[name]?.toString() ?? null } })
                handler.onResponseStart?.(controller, status, headers, message)
              },
              onResponseData: (controller, chunk) => handler.onResponseData?.(controller, chunk),
              onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(controller, trailers),
              onResponseError(controller, error) {
                if (isAnswered) handler.onResponseError?.(controller, error)
                else reject(error)
              },
            })
          }),
      })
      return (options, handler) => {
        // Where it never left, or failed on the way.
        send(options, handler).catch((error) => handler.onResponseError?.(undefined as never, error))
        return true
      }
    }
    const dispatcher = new Agent().compose(interceptor)
    const statuses = await Promise.all(
      Array.from({ length: CALLS }, async (_, index) => {
        const { body, statusCode } = await request(server.url, { method: 'POST', body: `${index}`, dispatcher })
        await body.text()
        return statusCode
      }),
    )
    // What was denied before the server had told anything is the caller's.
    expect(statuses.filter((status) => status !== 200).length).toBeLessThanOrEqual(2)
    await server.close()
    await expect(request(server.url, { dispatcher })).rejects.toThrow()
    await dispatcher.destroy()
  })
})
