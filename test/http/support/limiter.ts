/** Limiters of tests of HTTP, on one clock that moves only when told to. */
import type { LimiterOptions } from '../../../src/index.js'
import { createLimiter, manualClock } from '../../../src/index.js'

export const clock = manualClock()

export function limiterOf(limit: number, more: LimiterOptions = {}) {
  return createLimiter({ limit, windowMs: 60_000, sweepIntervalMs: 0, clock, ...more })
}
