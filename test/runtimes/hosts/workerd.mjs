/** A Cloudflare Worker that runs the suite on request, and what its driver measures from outside. */
import { checkTogether, createLimiter, loadLimiter, manualClock } from 'spillway'
import { Queue } from 'spillway/queue'
import { runConformance } from '../conformance.mjs'
import { decide } from '../suite/speed.mjs'
import trace from '../trace.json'

let limiter

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/conformance') {
      const subject = {
        checkTogether,
        createLimiter,
        loadLimiter,
        manualClock,
        Queue,
        runtime: 'workerd',
        trace,
        measured: false,
      }
      return Response.json(await runConformance(subject))
    }
    // Made by the first request and used by all later ones, as a real worker would.
    limiter ??= await loadLimiter({ sweepIntervalMs: 0 })
    if (pathname === '/decide') return Response.json(decide(limiter, Number(searchParams.get('requests'))))
    if (pathname === '/clock') return Response.json(await clockReadings())
    return new Response('not found', { status: 404 })
  },
}

/** What the clock shows before and after a wait. While a request computes, it may stand still. */
async function clockReadings() {
  const before = performance.now()
  await new Promise((resolve) => setTimeout(resolve, 20))
  return [before, performance.now()]
}
