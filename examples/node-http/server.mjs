// Node: an HTTP server that admits 10 requests a second from an address. Run: npm i spillway && node server.mjs
import { createServer } from 'node:http'
import { loadLimiter, secondsToWait } from 'spillway'

const limiter = await loadLimiter({ limit: 10, burst: { capacity: 20 } })

const server = createServer((request, response) => {
  // Behind a proxy this is the proxy's address: take the user from what the proxy says, or from a key of your API.
  const user = request.socket.remoteAddress ?? 'unknown'
  const { allowed, remaining, retryAfterMs } = limiter.check(user)
  if (!allowed) {
    // Whole seconds, rounded up, and never above the window of 1000 ms.
    response.writeHead(429, { 'retry-after': secondsToWait(retryAfterMs, 1000) }).end('Too many requests\n')
    return
  }
  response.writeHead(200, { 'x-ratelimit-remaining': remaining }).end('Hello\n')
})

server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`Listening on http://127.0.0.1:${server.address().port}`)
})
