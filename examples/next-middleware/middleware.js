// Next.js behind one proxy: middleware admits 10 requests a minute from an address, to all of the app. Middleware runs on the
// edge runtime, which does not know who is connected: the proxy's word is all there is, so no client may get around it.
// Run: npm i spillway next react react-dom && npx next build && npx next start
import { NextResponse } from 'next/server'
import { createLimiter } from 'spillway'
import { clientAddress, guard } from 'spillway/http'

const limiter = createLimiter({ limit: 10, windowMs: 60_000 })
const limit = guard({ limiter, key: (request) => clientAddress(request, { trust: 1 }) })

export async function middleware(request) {
  const { response, finish } = await limit(request)
  return response ?? finish(NextResponse.next())
}
