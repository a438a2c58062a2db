// The app on Deno, behind a proxy on this machine.
// Run: deno add npm:spillway npm:hono && deno run --allow-net --allow-env=PORT deno.mjs
import { getConnInfo } from 'hono/deno'
import { loadLimiter } from 'spillway'
import { clientAddress } from 'spillway/http'
import { createApp, QUOTA } from './app.mjs'

const app = createApp(await loadLimiter(QUOTA), (c) =>
  clientAddress(c.req.raw, { peer: getConnInfo(c).remote.address, trust: ['loopback'] }),
)
Deno.serve({ hostname: '127.0.0.1', port: Number(Deno.env.get('PORT') ?? 8080), onListen }, app.fetch)

function onListen({ hostname, port }) {
  console.log(`Listening on http://${hostname}:${port}`)
}
