/** The store of express-rate-limit and hono-rate-limiter over a limiter that decides by promises: that of a fleet. */
import type { Decision, Quota, RequestOptions } from '../limiter/index.js'
import { checkNames, createLimiter, describe, optionsFor, QUOTA_RANGES, withoutRounding } from '../limiter/index.js'
import type { KeyInfo } from './counting-store.js'

/** What the store needs of a limiter: `loadFleetLimiter` of `spillway/fleet` makes one. */
export interface SharedLimiter {
  readonly quota: Quota
  check(userId: string, request: RequestOptions): PromiseLike<Decision>
  peek(userId: string, request: RequestOptions): PromiseLike<Decision>
  refund(userId: string, cost: number, fromBurst: number): PromiseLike<unknown>
  reset(userId: string): PromiseLike<unknown>
}

interface HostOptions {
  windowMs: number
  limit?: unknown
}

/**
 * Keeps the hits of one limiter of the host in a limit that processes share. The host's `windowMs` must be the limiter's, and its
 * limit a number, up to the limiter's.
 *
 * @example
 * ```ts
 * const limiter = await loadFleetLimiter({ store: redisStore(client), name: 'api', limit: 100, windowMs: 60_000, processes: 4 })
 * app.use(rateLimit({ windowMs: 60_000, limit: 100, store: new SharedSpillwayStore(limiter) }))
 * ```
 */
export class SharedSpillwayStore {
  /** Keys are those of all processes. */
  readonly localKeys = false
  readonly prefix: string
  readonly #limiter: SharedLimiter
  /** Denied requests of this process: hosts undo those too, and they took no place. */
  readonly #denied
  #limit = 0

  /** @throws {TypeError} for what is no limiter, and for options that are not accepted */
  constructor(limiter: SharedLimiter, options: { prefix?: string | undefined } = {}) {
    for (const verb of ['check', 'peek', 'refund', 'reset'] as const) {
      if (typeof limiter?.[verb] !== 'function') {
        throw new TypeError(`limiter must be one of loadFleetLimiter, not ${describe(limiter)}`)
      }
    }
    checkNames('options', options, ['prefix'])
    const { prefix = '' } = options
    if (typeof prefix !== 'string') throw new TypeError(`prefix must be a string, not ${describe(prefix)}`)
    this.prefix = prefix
    this.#limiter = limiter
    this.#denied = createLimiter({ ...optionsFor(limiter.quota), limit: QUOTA_RANGES.limit.to, burst: false })
  }

  /**
   * Called by the host, with its options.
   *
   * @throws {RangeError} for another window than the limiter's, and a limit above it
   * @throws {TypeError} for a limit that is no number
   */
  init({ windowMs, limit }: HostOptions): void {
    const { quota } = this.#limiter
    if (windowMs !== quota.windowMs) {
      throw new RangeError(`windowMs must be that of the limiter, ${quota.windowMs}, not ${describe(windowMs)}`)
    }
    if (typeof limit !== 'number') throw new TypeError(`limit must be a number, not ${describe(limit)}`)
    if (!(limit >= 0 && limit <= quota.limit)) {
      throw new RangeError(`limit must be from 0 to that of the limiter, ${quota.limit}, not ${limit}`)
    }
    this.#limit = Math.floor(limit)
  }

  /** Where a key stands, without counting; `undefined` if it has no hits. */
  async get(key: string): Promise<KeyInfo | undefined> {
    const decision = await this.#limiter.peek(this.prefix + key, { limit: this.#limit })
    const hits = decision.limit - decision.remaining + (decision.allowed ? 0 : this.#beyond(key))
    return hits > 0 ? this.#info(hits, decision) : undefined
  }

  /** Counts a request. */
  async increment(key: string): Promise<KeyInfo> {
    const decision = await this.#limiter.check(this.prefix + key, { limit: this.#limit })
    if (decision.allowed) return this.#info(decision.limit - decision.remaining, decision)
    this.#denied.charge(this.prefix + key, 1)
    return this.#info(decision.limit + Math.max(1, this.#beyond(key)), decision)
  }

  /** Undoes the count of a request: of a denied one, while there are such. */
  async decrement(key: string): Promise<void> {
    if (this.#beyond(key) > 0) this.#denied.refund(this.prefix + key)
    else await this.#limiter.refund(this.prefix + key, 1, 0)
  }

  /** Forgets a key. */
  async resetKey(key: string): Promise<void> {
    this.#denied.reset(this.prefix + key)
    await this.#limiter.reset(this.prefix + key)
  }

  /** Lets go of what it remembers. The limiter, which others may use, stays open: close it yourself. */
  shutdown(): void {
    this.#denied.clear()
  }

  #beyond(key: string): number {
    const { limit, remaining } = this.#denied.peek(this.prefix + key)
    return limit - remaining
  }

  #info(totalHits: number, { allowed, resetMs, retryAfterMs }: Decision): KeyInfo {
    const { windowMs } = this.#limiter.quota
    const waitMs = withoutRounding(Math.min(allowed ? resetMs : retryAfterMs, Number.MAX_SAFE_INTEGER), windowMs)
    return { totalHits, resetTime: new Date(Date.now() + Math.min(Math.ceil(waitMs), 8.64e15 - Date.now())) }
  }
}
