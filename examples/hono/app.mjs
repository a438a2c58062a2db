// Hono: one app for Node, Bun, Deno and Cloudflare Workers. node.mjs, bun.mjs, deno.mjs and worker.mjs beside it start it:
// each makes the limiter, and knows in its platform's way whom a request comes from.
import { Hono } from 'hono'
import { rateLimit } from 'spillway/hono'

export const QUOTA = { limit: 10, windowMs: 60_000 }

/** Makes the app. `key` tells of a request, by its context, whom it counts for. */
export function createApp(limiter, key) {
  const app = new Hono()
  app.use(rateLimit({ limiter, key }))
  app.get('/', (c) => c.text('Hello\n'))
  return app
}
