/** The store that express-rate-limit and hono-rate-limiter have in common. */
import { describe } from '../limiter/index.js'
import type { Hit, StoreOptions } from './hits.js'
import { checkLimit, checkStoreOptions, Hits } from './hits.js'

/** Options of the store. */
export interface CountingStoreOptions extends StoreOptions {
  /** Put before every key. Default none: each store counts on its own anyway. */
  prefix?: string | undefined
}

/** What this needs of the options of the host. */
interface HostOptions {
  windowMs: number
  limit?: unknown
}

/** Hits of a key, and when there will be none, or the next one be admitted. */
export interface KeyInfo {
  totalHits: number
  resetTime: Date
}

/** A hit that was counted before the host knew its limit. */
interface Claim extends Hit {
  readonly key: string
  readonly resetTime: Date
}

let hasWarned = false

/**
 * Keeps the hits of one limiter of the host: at most its limit is admitted in any window, and denied requests take no place.
 */
export class SpillwayStore {
  /** Keys of one store are not those of another: the host's warning of requests counted twice needs to know. */
  readonly localKeys = true
  readonly prefix: string
  readonly #options: StoreOptions
  #hits: Hits | undefined
  #limit: number | undefined
  /** What `limit` gave last. */
  #judge: unknown
  /** Whether the host's limit is `#judge`, which sees to denied claims. */
  #judges = false
  /** The claim whose hits the host has just read. */
  #read: Claim | undefined

  /** @throws {TypeError} {RangeError} for options that are not accepted */
  constructor(options: CountingStoreOptions = {}) {
    this.#options = checkStoreOptions(options, ['prefix'])
    const { prefix = '' }: CountingStoreOptions = { __proto__: null, ...options } as object
    if (typeof prefix !== 'string') throw new TypeError(`prefix must be a string, not ${describe(prefix)}`)
    this.prefix = prefix
  }

  /**
   * Called by the host, with its options.
   *
   * @throws {TypeError} {RangeError} for a `windowMs` or a `limit` that is not accepted
   * @throws {Error} for a second limiter of the host
   */
  init({ windowMs, limit }: HostOptions): void {
    if (this.#hits) {
      // It must not count by the limit of another: now all hits count, which admits too many by neither.
      this.#limit = undefined
      this.#judges = false
      throw new Error('A SpillwayStore serves one limiter: give each a new SpillwayStore()')
    }
    const numeric = limit === undefined || typeof limit === 'function' ? undefined : checkLimit('limit', limit)
    this.#hits = new Hits(windowMs, this.#options)
    this.#limit = numeric
    this.#judges = limit !== undefined && limit === this.#judge
    if (this.#judges || typeof limit !== 'function' || hasWarned) return
    hasWarned = true
    console.warn(
      'SPILLWAY_LIMIT_FUNCTION: with a function as limit, denied requests count too, so that a client that never stops stays denied. limit: store.limit(yourFunction) counts those that are admitted',
    )
  }

  /**
   * Wraps a limit that is a function of the request, so that its denied requests take no place.
   *
   * @example
   * ```ts
   * const store = new SpillwayStore()
   * app.use(rateLimit({ store, limit: store.limit((req) => (req.user ? 100 : 10)) }))
   * ```
   */
  limit<Facts extends unknown[]>(
    limit: (...facts: Facts) => number | Promise<number>,
  ): (...facts: Facts) => number | Promise<number> {
    const judge = (...facts: Facts): number | Promise<number> => {
      // Hosts read the hits and then call this, with nothing in between: this is the request that they are of.
      const claim = this.#read
      this.#read = undefined
      const found = limit(...facts)
      return typeof found === 'number' ? this.#settle(claim, found) : this.#settleLater(claim, found)
    }
    this.#judge = judge
    return judge
  }

  /** Where a key stands, without counting; `undefined` if it has no hits. */
  get(key: string): KeyInfo | undefined {
    const { hits, waitMs } = this.#open().read(this.prefix + key, this.#limit ?? Infinity)
    return hits > 0 ? { totalHits: hits, resetTime: inMs(waitMs) } : undefined
  }

  /** Counts a request. */
  increment(key: string): KeyInfo {
    const prefixed = this.prefix + key
    if (this.#limit !== undefined) {
      const { hits, waitMs } = this.#open().take(prefixed, this.#limit)
      return { totalHits: hits, resetTime: inMs(waitMs) }
    }
    const hit = this.#open().claim(prefixed)
    const claim: Claim = { ...hit, key: prefixed, resetTime: inMs(hit.waitMs) }
    const read = () => {
      this.#read = claim
      return hit.hits
    }
    return {
      get totalHits() {
        return read()
      },
      resetTime: claim.resetTime,
    }
  }

  /** Undoes the count of a request. */
  decrement(key: string): void {
    this.#open().undo(this.prefix + key)
  }

  /** Forgets a key. */
  resetKey(key: string): void {
    this.#open().reset(this.prefix + key)
  }

  /** Forgets all keys. */
  resetAll(): void {
    this.#open().clear()
  }

  /** Lets all memory go. The store can then serve another limiter. */
  shutdown(): void {
    this.#hits?.close()
    this.#hits = undefined
  }

  #open(): Hits {
    if (this.#hits) return this.#hits
    throw new Error('The store is shut down, or its init has failed')
  }

  async #settleLater(claim: Claim | undefined, limit: Promise<number>): Promise<number> {
    return this.#settle(claim, await limit)
  }

  #settle(claim: Claim | undefined, limit: number): number {
    if (claim && this.#judges && claim.hits > limit) {
      const { waitMs } = this.#open().withdraw(claim.key, limit)
      // The host has the date already, and writes its headers later.
      claim.resetTime.setTime(Date.now() + waitMs)
    }
    return limit
  }
}

function inMs(ms: number): Date {
  return new Date(Date.now() + ms)
}
