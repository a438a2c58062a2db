// Admits 3 requests a minute, on Node.
import { createLimiter } from 'spillway'

export const dynamic = 'force-dynamic'

const limiter = createLimiter({ limit: 3, windowMs: 60_000 })

export function GET() {
  return limiter.isAllowed('everybody') ? new Response('Hello') : new Response('Too many requests', { status: 429 })
}
