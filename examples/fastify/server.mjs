// Fastify behind a proxy on this machine: admits 10 requests a minute from an address, and any number to /health.
// Run: npm i spillway fastify && node server.mjs
import fastify from 'fastify'
import { loadLimiter } from 'spillway'
import { rateLimit } from 'spillway/fastify'
import { clientAddress } from 'spillway/http'

const limiter = await loadLimiter({ limit: 10, windowMs: 60_000 })

const app = fastify()
await app.register(rateLimit, { limiter, key: (request) => clientAddress(request, { trust: ['loopback'] }) })
app.get('/', () => 'Hello\n')
app.get('/health', { config: { rateLimit: false } }, () => 'ok\n')

console.log(`Listening on ${await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 8080) })}`)
