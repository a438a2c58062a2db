// The app on Bun, behind a proxy on this machine. Run: bun add spillway hono && bun bun.mjs
import { getConnInfo } from 'hono/bun'
import { loadLimiter } from 'spillway'
import { clientAddress } from 'spillway/http'
import { createApp, QUOTA } from './app.mjs'

const app = createApp(await loadLimiter(QUOTA), (c) =>
  clientAddress(c.req.raw, { peer: getConnInfo(c).remote.address, trust: ['loopback'] }),
)
const server = Bun.serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(Bun.env.PORT ?? 8080) })
console.log(`Listening on http://127.0.0.1:${server.port}`)
