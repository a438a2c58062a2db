// Admits 3 requests a minute. Middleware runs on the edge runtime.
import { NextResponse } from 'next/server'
import { createLimiter } from 'spillway'

const limiter = createLimiter({ limit: 3, windowMs: 60_000 })

export const config = { matcher: '/middleware' }

export function middleware() {
  return limiter.isAllowed('everybody')
    ? NextResponse.json('Hello')
    : new Response('Too many requests', { status: 429 })
}
