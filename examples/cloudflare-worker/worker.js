// Cloudflare Worker: admits 10 requests a second from an address, in each isolate. Run: npm i spillway && npx wrangler dev
import { loadLimiter, secondsToWait } from 'spillway'

let limiter

export default {
  async fetch(request) {
    // Loaded by the first request, since Workers give neither random values nor the time outside of one. Timers end
    // with the request that set them, so none sweeps: the stale make room when room is needed.
    if (!limiter) {
      const loaded = await loadLimiter({ limit: 10, burst: { capacity: 20 }, sweepIntervalMs: 0 })
      limiter ??= loaded
    }
    const { allowed, remaining, retryAfterMs } = limiter.check(request.headers.get('cf-connecting-ip') ?? 'unknown')
    if (!allowed) {
      // Whole seconds, rounded up, and never above the window of 1000 ms.
      const headers = { 'retry-after': String(secondsToWait(retryAfterMs, 1000)) }
      return new Response('Too many requests\n', { status: 429, headers })
    }
    return new Response('Hello\n', { headers: { 'x-ratelimit-remaining': String(remaining) } })
  },
}
