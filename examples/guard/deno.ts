// Deno, without a framework, behind a proxy on this machine: admits 10 requests a minute from an address.
// Run: deno add npm:spillway && deno run --allow-net --allow-env=PORT deno.ts
import { loadLimiter } from 'spillway'
import { clientAddress, guard } from 'spillway/http'

const limiter = await loadLimiter({ limit: 10, windowMs: 60_000 })

const key = (request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>) =>
  clientAddress(request, { peer: info.remoteAddr.hostname, trust: ['loopback'] })

Deno.serve(
  { hostname: '127.0.0.1', port: Number(Deno.env.get('PORT') ?? 8080), onListen },
  guard({ limiter, key }, () => new Response('Hello\n')),
)

function onListen({ hostname, port }: Deno.NetAddr) {
  console.log(`Listening on http://${hostname}:${port}`)
}
