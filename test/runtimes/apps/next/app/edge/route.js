// Admits 3 requests a minute, on the edge runtime.
import { loadLimiter } from 'spillway'

export const runtime = 'edge'

const loading = loadLimiter({ limit: 3, windowMs: 60_000 })

export async function GET() {
  const limiter = await loading
  return limiter.isAllowed('everybody') ? new Response('Hello') : new Response('Too many requests', { status: 429 })
}
