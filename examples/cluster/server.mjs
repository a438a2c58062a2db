// node:cluster: four workers of an HTTP server that together admit 10 requests a second from an address.
// Run: npm i spillway && node server.mjs
import cluster from 'node:cluster'
import { createServer } from 'node:http'
import { secondsToWait } from 'spillway'
import { clusterStore, serveFleet } from 'spillway/cluster'
import { loadFleetLimiter } from 'spillway/fleet'

const WORKERS = 4

if (cluster.isPrimary) {
  serveFleet()
  for (let worker = 0; worker < WORKERS; worker++) cluster.fork()
  // One that crashes is replaced. The limits are the primary's, so nothing of them is lost.
  cluster.on('exit', () => cluster.fork())
  cluster.once('listening', (_, { port }) => console.log(`Listening on http://127.0.0.1:${port}`))
} else {
  const store = clusterStore()
  const limiter = await loadFleetLimiter({
    store,
    name: 'http',
    limit: 10,
    burst: { capacity: 20 },
    processes: WORKERS,
  })

  const server = createServer(async (request, response) => {
    // Behind a proxy this is the proxy's address: take the user from what the proxy says, or from a key of your API.
    const user = request.socket.remoteAddress ?? 'unknown'
    const { allowed, remaining, retryAfterMs } = await limiter.check(user)
    if (!allowed) {
      // Whole seconds, rounded up, and never above the window of 1000 ms.
      response.writeHead(429, { 'retry-after': secondsToWait(retryAfterMs, 1000) }).end('Too many requests\n')
      return
    }
    response.writeHead(200, { 'x-ratelimit-remaining': remaining }).end('Hello\n')
  })
  server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1')
}
