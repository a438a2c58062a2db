/**
 * A store for @fastify/rate-limit 11: `import ... from 'spillway/fastify-rate-limit'`.
 *
 * ```ts
 * await app.register(rateLimit, { max: 100, timeWindow: '1 minute', store: SpillwayStore })
 * ```
 */
import type { Hit, StoreOptions } from './hits.js'
import { checkLimit, checkStoreOptions, Windows } from './hits.js'

export type { StoreOptions as SpillwayStoreOptions } from './hits.js'

/** What the host gives: its options, those of a route merged in. */
interface HostOptions {
  timeWindow?: unknown
  continueExceeding?: unknown
  exponentialBackoff?: unknown
}

/** What the host is told: hits, and milliseconds to wait. */
type Callback = (error: Error | null, result?: { current: number; ttl: number }) => void

/** What a class of the host's store is: `SpillwayStore.with()` gives one. */
export type SpillwayStoreClass = new (hostOptions: object) => SpillwayStore

/** Keeps the hits of the plugin, or of a route that has options of its own. */
export class SpillwayStore {
  readonly #options: StoreOptions
  readonly #windows: Windows
  readonly #continues: boolean
  readonly #backsOff: boolean

  /**
   * Gives a class of stores with options.
   *
   * @throws {TypeError} {RangeError} for options that are not accepted
   * @example
   * ```ts
   * await app.register(rateLimit, { max: 100, store: SpillwayStore.with({ maxUsers: 100_000 }) })
   * ```
   */
  static with(options: StoreOptions): SpillwayStoreClass {
    const checked = checkStoreOptions(options)
    return class extends SpillwayStore {
      constructor(hostOptions: object) {
        super(hostOptions, checked)
      }
    }
  }

  /**
   * Called by the host.
   *
   * @param options checked already: those of `with`
   */
  constructor(hostOptions: object, options: StoreOptions = {}) {
    const { timeWindow, continueExceeding, exponentialBackoff } = hostOptions as HostOptions
    this.#options = options
    this.#continues = continueExceeding === true
    this.#backsOff = exponentialBackoff === true
    this.#windows = new Windows('timeWindow', options, this.#continues || this.#backsOff)
    // A server that cannot limit should not start.
    if (typeof timeWindow === 'number') this.#windows.of(timeWindow)
  }

  /** Counts a request. */
  incr(key: string, callback: Callback, timeWindow: number, max: number): void {
    answer(callback, () => {
      const hits = this.#windows.of(timeWindow)
      const limit = checkLimit('max', max)
      const hit = hits.take(textOf(key), limit)
      if (!hit.allowed && (this.#continues || this.#backsOff)) {
        const ms = this.#backsOff ? timeWindow * 2 ** (hit.hits - Math.max(Math.floor(limit), 0) - 1) : timeWindow
        hit.waitMs = hits.block(textOf(key), Math.min(ms, Number.MAX_SAFE_INTEGER))
      }
      return hit
    })
  }

  /** Tells where a key stands, without counting. */
  read(key: string, callback: Callback, timeWindow: number, max: number): void {
    answer(callback, () => this.#windows.of(timeWindow).read(textOf(key), checkLimit('max', max)))
  }

  /** Gives a store for a route with options of its own, which counts on its own. */
  child(routeOptions: object): SpillwayStore {
    return new SpillwayStore(routeOptions, this.#options)
  }

  /** Lets all memory go. No need to call it: nothing holds a store that its server does not hold. */
  close(): void {
    this.#windows.close()
  }
}

/** Keys may be numbers, says the host. */
function textOf(key: unknown): string {
  return typeof key === 'number' ? String(key) : (key as string)
}

function answer(callback: Callback, decide: () => Hit): void {
  let hit: Hit
  try {
    hit = decide()
  } catch (error) {
    callback(error as Error)
    return
  }
  callback(null, { current: hit.hits, ttl: hit.waitMs })
}
