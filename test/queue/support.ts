/** What tests of queues have in common. */
import type { LimiterOptions } from '../../src/index.js'
import { createLimiter } from '../../src/index.js'

/** A limiter without tokens, and without a timer of its own. */
export function limiterOf(options: LimiterOptions = {}) {
  return createLimiter({ limit: 2, windowMs: 1000, burst: false, sweepIntervalMs: 0, ...options })
}

/** Lets microtasks run, more than any promise here needs. */
export async function microtasks(): Promise<void> {
  for (let i = 0; i < 20; i++) await undefined
}

/** How a promise stands: its value, `undefined` while it waits, or what it rejected with. */
export function watch<Value>(promise: Promise<Value>): { value?: Value; error?: unknown; done: boolean } {
  const seen: { value?: Value; error?: unknown; done: boolean } = { done: false }
  promise.then(
    (value) => Object.assign(seen, { value, done: true }),
    (error) => Object.assign(seen, { error, done: true }),
  )
  return seen
}
