/** Several limits, decided one after the other: of fleets, which decide by promises, and of one process. */
import type { Decision, Quota, TogetherDecision } from '../limiter/index.js'
import { checkNames, describe } from '../limiter/index.js'

type Eventually<Value> = Value | PromiseLike<Value>

interface Asked {
  cost: number
  limit: number | undefined
}

/** What is needed of a limiter. */
interface AnyLimiter {
  readonly quota: Quota
  check(userId: string, request: Asked): Eventually<Decision>
  peek(userId: string, request: Asked): Eventually<Decision>
  refund(userId: string, cost?: number, fromBurst?: number): unknown
}

/** One limit of several that a request has to meet, and what it asks of that. */
export interface FleetTogetherRequest {
  /** Made by `loadFleetLimiter`, `loadLimiter` or `createLimiter`. */
  limiter: AnyLimiter
  /** Any string. */
  userId: string
  /** As of `check`. Default 1. */
  cost?: number | undefined
  /** As of `check`. Default the limiter's. */
  limit?: number | undefined
}

const MOST_REQUESTS = 16
const NAMES = ['limiter', 'userId', 'cost', 'limit']

/**
 * Decides a request that has to meet several limits, of which some decide elsewhere. In order: the first that denies ends it, and what
 * those before it took is given back. Until then others see it taken. Of those behind, the decision is what `peek` tells.
 *
 * @param requests 1 to 16. Put first what denies most, or is asked for at the least cost
 * @throws {TypeError} {RangeError} for bad input, as rejections; then nothing has changed but for limits before
 * @throws {Error} if a limiter is closed. What was taken is given back
 * @example
 * ```ts
 * const { allowed, denied } = await checkTogether([
 *   { limiter: perProcess, userId: 'user123' },
 *   { limiter: fleet, userId: 'tenant7', cost: 5 },
 * ])
 * ```
 */
export async function checkTogether(requests: readonly FleetTogetherRequest[]): Promise<TogetherDecision> {
  checkRequests(requests)
  const decisions: Decision[] = []
  try {
    for (const { limiter, userId, cost = 1, limit } of requests) {
      const decision = await limiter.check(userId, { cost, limit })
      decisions.push(decision)
      if (!decision.allowed) break
    }
  } catch (error) {
    await giveBack(requests, decisions)
    throw error
  }
  const last = decisions.length - 1
  const allowed = decisions[last]?.allowed === true
  if (!allowed) {
    await giveBack(requests, decisions.slice(0, last))
    for (const [index, { limiter, userId, cost = 1, limit }] of requests.entries()) {
      if (index === last) continue
      decisions[index] = await peek(limiter, userId, { cost, limit })
    }
  }
  const denied = decisions.flatMap((decision, index) => (decision.allowed ? [] : [index]))
  const retryAfterMs = Math.max(0, ...decisions.map((decision) => decision.retryAfterMs))
  return { allowed, decisions, denied, retryAfterMs }
}

async function peek(limiter: AnyLimiter, userId: string, request: Asked): Promise<Decision> {
  try {
    return await limiter.peek(userId, request)
  } catch {
    // The store has gone meanwhile: nothing is known, and it is not this limit that denies.
    const { limit = limiter.quota.limit } = request
    const nothing = { remaining: 0, burstRemaining: 0, fromBurst: 0, retryAfterMs: 0, resetMs: 0, reason: undefined }
    return { allowed: true, limit, ...nothing }
  }
}

/** Gives back what was taken. Where the store is gone that cannot be, and the window does it. */
async function giveBack(requests: readonly FleetTogetherRequest[], taken: readonly Decision[]): Promise<void> {
  await Promise.allSettled(
    taken.map(async ({ fromBurst }, index) => {
      const { limiter, userId, cost = 1 } = requests[index] as FleetTogetherRequest
      await limiter.refund(userId, cost, fromBurst)
    }),
  )
}

function checkRequests(requests: readonly FleetTogetherRequest[]): void {
  if (!Array.isArray(requests)) throw new TypeError(`requests must be an array, not ${describe(requests)}`)
  const { length } = requests
  if (length < 1 || length > MOST_REQUESTS) {
    throw new RangeError(`there must be 1 to ${MOST_REQUESTS} requests, not ${length}`)
  }
  for (const [index, request] of requests.entries()) {
    checkNames(`requests[${index}]`, request, NAMES)
    const { limiter, userId } = request
    for (const verb of ['check', 'peek', 'refund'] as const) {
      if (typeof limiter?.[verb] !== 'function') {
        throw new TypeError(`requests[${index}].limiter must be a limiter, not ${describe(limiter)}`)
      }
    }
    if (typeof userId !== 'string') {
      throw new TypeError(`requests[${index}].userId must be a string, not ${describe(userId)}`)
    }
  }
}
