// Koa behind a proxy on this machine: admits 10 requests a minute from an address. Run: npm i spillway koa && node server.mjs
import Koa from 'koa'
import { loadLimiter } from 'spillway'
import { clientAddress } from 'spillway/http'
import { rateLimit } from 'spillway/koa'

const limiter = await loadLimiter({ limit: 10, windowMs: 60_000 })

const app = new Koa()
app.use(rateLimit({ limiter, key: (ctx) => clientAddress(ctx, { trust: ['loopback'] }) }))
app.use((ctx) => {
  ctx.body = 'Hello\n'
})

const server = app.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`Listening on http://127.0.0.1:${server.address().port}`)
})
