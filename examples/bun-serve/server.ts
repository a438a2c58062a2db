// Bun: admits 10 requests a second from an address. Run: bun add spillway && bun server.ts
import { loadLimiter, secondsToWait } from 'spillway'

const limiter = await loadLimiter({ limit: 10, burst: { capacity: 20 } })

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: Number(Bun.env.PORT ?? 8080),
  fetch(request, server) {
    // Behind a proxy this is the proxy's address: take the user from what the proxy says, or from a key of your API.
    const { allowed, remaining, retryAfterMs } = limiter.check(server.requestIP(request)?.address ?? 'unknown')
    if (!allowed) {
      // Whole seconds, rounded up, and never above the window of 1000 ms.
      const headers = { 'retry-after': String(secondsToWait(retryAfterMs, 1000)) }
      return new Response('Too many requests\n', { status: 429, headers })
    }
    return new Response('Hello\n', { headers: { 'x-ratelimit-remaining': String(remaining) } })
  },
})

console.log(`Listening on http://127.0.0.1:${server.port}`)
