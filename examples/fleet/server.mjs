/**
 * One of several processes that share a limit of 50 requests a second a user, by Redis.
 *
 *     REDIS_URL=redis://127.0.0.1:6379 PORT=3001 node server.mjs
 */
import { createServer } from 'node:http'
import { createClient } from 'redis'
import { loadFleetLimiter, redisStore } from 'spillway/fleet'

const { REDIS_URL = 'redis://127.0.0.1:6379', PORT = '3001', HOST = '127.0.0.1' } = process.env

const client = createClient({ url: REDIS_URL, disableOfflineQueue: true })
client.on('error', (error) => console.error(error.message))
await client.connect()

const limiter = await loadFleetLimiter({
  store: redisStore(client),
  name: 'example',
  limit: 50,
  processes: 2,
  // Longer than by default: on a busy machine, a process that has just started is slow, and its share would be admitted beside.
  timeoutMs: 500,
  onStateChange: (state, error) => console.error(`The store is ${state}.`, error?.message ?? ''),
})

const server = createServer(async (request, response) => {
  if (request.url === '/stats') {
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(limiter.stats()))
    return
  }
  // Behind a balancer that sets it. An API would take the account of the key.
  const user = request.headers['x-user']
  if (typeof user !== 'string' || user === '') {
    response.writeHead(400).end('X-User is missing\n')
    return
  }
  const { allowed, remaining, retryAfterMs } = await limiter.check(user)
  response.setHeader('X-Remaining', remaining)
  if (allowed) response.end('hello\n')
  else response.writeHead(429, { 'Retry-After': Math.ceil(retryAfterMs / 1000) }).end('slow down\n')
})

server.listen(Number(PORT), HOST, () => console.log(`Listening on http://${HOST}:${server.address().port}`))

process.on('SIGTERM', () => {
  server.close(() => client.destroy())
  server.closeIdleConnections()
})
