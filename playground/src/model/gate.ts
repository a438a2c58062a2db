/**
 * Decides requests by the real limiter. Where all users share a limit as well, both decide together: either both admit a
 * request, or it takes nothing.
 */
import type { Decision, Limiter, ManualClock } from 'spillway'
import { checkTogether, loadLimiter } from 'spillway'
import type { Quota } from '../../../src/limiter/index.js'

/** What became of a request: denied by its user's own limit, admitted, denied by the shared limit alone, or blocked. */
export const DENIED = 0
export const BASE = 1
export const BURST = 2
export const SHARED = 3
export const BLOCKED = 4

/** The one user of the shared limit. */
const EVERYONE = 'everyone'

export function isAdmitted(outcome: number): boolean {
  return outcome === BASE || outcome === BURST
}

export class Gate {
  readonly quota: Quota
  /** What all users together may take in a window; 0 for no such limit. */
  readonly sharedLimit: number
  readonly #limiter: Limiter
  readonly #shared: Limiter | undefined

  static async load(quota: Quota, sharedLimit: number, users: number, clock: ManualClock): Promise<Gate> {
    const { limit, windowMs, capacity, refillPerSecond } = quota
    const burst = { capacity, refillPerSecond }
    const limiter = await loadLimiter({ limit, windowMs, burst, clock, maxUsers: users, sweepIntervalMs: 0 })
    if (sharedLimit === 0) return new Gate(quota, 0, limiter, undefined)
    const rest = { burst: false, clock, maxUsers: 1, sweepIntervalMs: 0 } as const
    return new Gate(quota, sharedLimit, limiter, await loadLimiter({ limit: sharedLimit, windowMs, ...rest }))
  }

  private constructor(quota: Quota, sharedLimit: number, limiter: Limiter, shared: Limiter | undefined) {
    this.quota = quota
    this.sharedLimit = sharedLimit
    this.#limiter = limiter
    this.#shared = shared
  }

  /** Decides a request of a user under a limit of its own, which is at most the limiter's. Gives the outcome. */
  decide(userId: string, limit = this.quota.limit): number {
    if (!this.#shared) return outcomeOf(this.#limiter.check(userId, { limit }))
    const { allowed, decisions } = checkTogether([
      { limiter: this.#limiter, userId, limit },
      { limiter: this.#shared, userId: EVERYONE },
    ])
    const own = decisions[0] as Decision
    return own.allowed && !allowed ? SHARED : outcomeOf(own)
  }

  /** Gives an admission back: to all limits that it was taken from. */
  refund(userId: string, outcome: number): void {
    this.#limiter.refund(userId, 1, outcome === BURST ? 1 : 0)
    this.#shared?.refund(EVERYONE)
  }

  block(userId: string, ms: number): void {
    this.#limiter.block(userId, ms)
  }

  unblock(userId: string): void {
    this.#limiter.unblock(userId)
  }

  /** Where a user stands: places taken, tokens, and for how long it is blocked, 0 if it is not. */
  standing(userId: string): { fill: number; tokens: number; blockedMs: number } {
    const { remaining, burstRemaining, reason, retryAfterMs } = this.#limiter.peek(userId)
    const blockedMs = reason === 'blocked' ? retryAfterMs : 0
    return { fill: this.quota.limit - remaining, tokens: burstRemaining, blockedMs }
  }

  /** Places of the shared limit that are taken. */
  sharedFill(): number {
    return this.#shared ? this.sharedLimit - this.#shared.peek(EVERYONE).remaining : 0
  }

  close(): void {
    this.#limiter.close()
    this.#shared?.close()
  }
}

function outcomeOf({ allowed, fromBurst, reason }: Decision): number {
  if (allowed) return fromBurst > 0 ? BURST : BASE
  return reason === 'blocked' ? BLOCKED : DENIED
}
