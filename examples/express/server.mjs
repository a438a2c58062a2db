// Express behind a proxy on this machine: admits 10 requests a minute from an address, which is the one that the proxy says.
// Run: npm i spillway express && node server.mjs - docs/express.md shows the nginx before it
import express from 'express'
import { loadLimiter } from 'spillway'
import { rateLimit } from 'spillway/express'
import { clientAddress } from 'spillway/http'

const limiter = await loadLimiter({ limit: 10, windowMs: 60_000 })

const app = express()
// Only what 127.0.0.1 and ::1 added to X-Forwarded-For counts: name your proxies' networks if they run elsewhere.
app.use(rateLimit({ limiter, key: (req) => clientAddress(req, { trust: ['loopback'] }) }))
app.get('/', (_req, res) => {
  res.send('Hello\n')
})

const server = app.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`Listening on http://127.0.0.1:${server.address().port}`)
})
