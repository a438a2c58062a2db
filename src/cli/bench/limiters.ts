/**
 * What is compared: Spillway, and what one would write by hand in its place. None has burst tokens, so all are asked for the
 * same: a limit in a window.
 */
import type { Clock } from '../../limiter/index.js'
import { loadLimiter, optionsFor } from '../../limiter/index.js'

export interface Terms {
  readonly limit: number
  readonly windowMs: number
  readonly clock: Clock
  /** As many come. */
  readonly users: number
}

/** A limiter as it is measured. */
export interface Contender {
  decide(id: string): boolean
  /** Bytes that it has outside of the heap of JavaScript. */
  bytesOutside(): number
  close(): void
}

export interface ContenderSpec {
  readonly name: string
  /** Two short lines, the head of a column. */
  readonly label: readonly [string, string]
  make(terms: Terms): Contender | Promise<Contender>
}

export const CONTENDERS: readonly ContenderSpec[] = [
  { name: 'spillway', label: ['Spill-', 'way'], make: spillway },
  { name: 'map-fixed-window', label: ['fixed', 'window'], make: fixedWindow },
  { name: 'map-sliding-log', label: ['sliding', 'log'], make: slidingLog },
  { name: 'map-token-bucket', label: ['token', 'bucket'], make: tokenBucket },
]

async function spillway({ limit, windowMs, clock, users }: Terms): Promise<Contender> {
  const quota = { limit, windowMs, capacity: 0, refillPerSecond: 0 }
  // Its timer rests: the others sweep nothing, either.
  const limiter = await loadLimiter({ ...optionsFor(quota), clock, maxUsers: users, sweepIntervalMs: 0 })
  return {
    decide: limiter.isAllowed,
    bytesOutside: () => limiter.stats().memoryBytes,
    close: limiter.close,
  }
}

/** Counts requests, and starts anew when a window has passed. */
function fixedWindow({ limit, windowMs, clock }: Terms): Contender {
  const users = new Map<string, { start: number; count: number }>()
  return onHeap((id) => {
    const now = clock()
    const user = users.get(id)
    if (user === undefined || now - user.start >= windowMs) {
      if (user === undefined) {
        users.set(id, { start: now, count: 1 })
      } else {
        user.start = now
        user.count = 1
      }
      return true
    }
    if (user.count >= limit) return false
    user.count++
    return true
  })
}

/** Keeps the time of each admission: exact. */
function slidingLog({ limit, windowMs, clock }: Terms): Contender {
  const users = new Map<string, number[]>()
  return onHeap((id) => {
    const now = clock()
    const log = users.get(id)
    if (log === undefined) {
      users.set(id, [now])
      return true
    }
    while (log.length > 0 && log[0]! <= now - windowMs) log.shift()
    if (log.length >= limit) return false
    log.push(now)
    return true
  })
}

/** Refills steadily: a limit in a window, on average. */
function tokenBucket({ limit, windowMs, clock }: Terms): Contender {
  const users = new Map<string, { tokens: number; last: number }>()
  const perMs = limit / windowMs
  return onHeap((id) => {
    const now = clock()
    const user = users.get(id)
    if (user === undefined) {
      users.set(id, { tokens: limit - 1, last: now })
      return true
    }
    user.tokens = Math.min(limit, user.tokens + (now - user.last) * perMs)
    user.last = now
    if (user.tokens < 1) return false
    user.tokens--
    return true
  })
}

function onHeap(decide: (id: string) => boolean): Contender {
  return { decide, bytesOutside: () => 0, close() {} }
}
