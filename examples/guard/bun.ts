// Bun, without a framework, behind a proxy on this machine: admits 10 requests a minute from an address.
// Run: bun add spillway && bun bun.ts
import { loadLimiter } from 'spillway'
import { clientAddress, guard } from 'spillway/http'

const limiter = await loadLimiter({ limit: 10, windowMs: 60_000 })

const key = (request: Request, server: Bun.Server) =>
  clientAddress(request, { peer: server.requestIP(request)?.address, trust: ['loopback'] })

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: Number(Bun.env.PORT ?? 8080),
  fetch: guard({ limiter, key }, () => new Response('Hello\n')),
})

console.log(`Listening on http://127.0.0.1:${server.port}`)
