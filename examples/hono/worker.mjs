// The app as a Cloudflare Worker; each isolate counts for itself. Run: npm i spillway hono && npx wrangler dev worker.mjs
import { createLimiter } from 'spillway'
import { createApp, QUOTA } from './app.mjs'

let app

export default {
  fetch(request, env, context) {
    // Made by the first request, since Workers give neither random values nor the time outside of one. Timers end with
    // the request that set them, so none sweeps: the stale make room when room is needed.
    app ??= createApp(createLimiter({ ...QUOTA, sweepIntervalMs: 0 }), (c) => c.req.header('cf-connecting-ip'))
    return app.fetch(request, env, context)
  },
}
