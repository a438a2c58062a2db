/**
 * A storage for @nestjs/throttler 6: `import ... from 'spillway/nestjs-throttler'`.
 *
 * ```ts
 * ThrottlerModule.forRoot({ throttlers: [{ ttl: 60_000, limit: 100 }], storage: new SpillwayStorage() })
 * ```
 */
import type { StoreOptions } from './hits.js'
import { checkLimit, checkStoreOptions, Windows } from './hits.js'

export type { StoreOptions as SpillwayStorageOptions } from './hits.js'

/** What the host is told. Times are in seconds. */
export interface StorageRecord {
  totalHits: number
  timeToExpire: number
  isBlocked: boolean
  timeToBlockExpire: number
}

/** Keeps the hits of all throttlers of a module. */
export class SpillwayStorage {
  readonly #options: StoreOptions
  readonly #throttlers = new Map<string, Windows>()

  /** @throws {TypeError} {RangeError} for options that are not accepted */
  constructor(options: StoreOptions = {}) {
    this.#options = checkStoreOptions(options)
  }

  /**
   * Counts a request. The first one above the limit blocks its key for `blockDuration`, after which it starts anew; with a
   * `blockDuration` of 0, it is denied until it would be admitted.
   *
   * @param ttl the window in milliseconds
   * @param blockDuration milliseconds
   */
  async increment(
    key: string,
    ttl: number,
    limit: number,
    blockDuration: number,
    throttlerName: string,
  ): Promise<StorageRecord> {
    const hits = this.#of(throttlerName).of(ttl)
    const hit = hits.take(key, checkLimit('limit', limit))
    if (hit.allowed) {
      return { totalHits: hit.hits, timeToExpire: seconds(hit.waitMs), isBlocked: false, timeToBlockExpire: 0 }
    }
    if (!hit.blocked && blockDuration >= 1) {
      hits.release(key)
      hit.waitMs = hits.block(key, blockDuration)
    }
    const wait = seconds(hit.waitMs)
    return { totalHits: hit.hits, timeToExpire: wait, isBlocked: true, timeToBlockExpire: wait }
  }

  /** Forgets all keys. */
  clear(): void {
    for (const windows of this.#throttlers.values()) windows.clear()
  }

  /** Called by Nest when the application closes. Lets all memory go. */
  onApplicationShutdown(): void {
    for (const windows of this.#throttlers.values()) windows.close()
  }

  #of(throttler: string): Windows {
    let windows = this.#throttlers.get(throttler)
    if (!windows) {
      windows = new Windows('ttl', this.#options)
      this.#throttlers.set(throttler, windows)
    }
    return windows
  }
}

function seconds(ms: number): number {
  return Math.ceil(ms / 1000)
}
