// The app on Node, behind a proxy on this machine. Run: npm i spillway hono @hono/node-server && node node.mjs
import { serve } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import { loadLimiter } from 'spillway'
import { clientAddress } from 'spillway/http'
import { createApp, QUOTA } from './app.mjs'

const app = createApp(await loadLimiter(QUOTA), (c) =>
  clientAddress(c.req.raw, { peer: getConnInfo(c).remote.address, trust: ['loopback'] }),
)
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env.PORT ?? 8080) }, ({ port }) => {
  console.log(`Listening on http://127.0.0.1:${port}`)
})
