/**
 * Two limiters that many people write, for one user, to be compared on the same traffic. Both are given the limit and
 * the window only. Times are whole milliseconds, and so is all of their arithmetic: nothing is lost to rounding.
 */
import type { Quota } from '../../../src/limiter/index.js'

interface Rival {
  /** Decides a request, and counts it. */
  decide(time: number): boolean
}

/** Counts requests from one multiple of the window to the next, and forgets all of them there. */
export class FixedWindow implements Rival {
  readonly #quota: Quota
  #window = -1
  #count = 0

  constructor(quota: Quota) {
    this.#quota = quota
  }

  decide(time: number): boolean {
    const window = Math.floor(time / this.#quota.windowMs)
    if (window !== this.#window) {
      this.#window = window
      this.#count = 0
    }
    if (this.#count >= this.#quota.limit) return false
    this.#count++
    return true
  }
}

/** A bucket that holds `limit` tokens, starts full, and is refilled evenly, `limit` tokens a window. */
export class TokenBucket implements Rival {
  readonly #quota: Quota
  /** In parts of a token, of which there are `windowMs` to one, so that a millisecond refills `limit` of them. */
  #parts: number
  #last = 0

  constructor(quota: Quota) {
    this.#quota = quota
    this.#parts = quota.limit * quota.windowMs
  }

  decide(time: number): boolean {
    const { limit, windowMs } = this.#quota
    this.#parts = Math.min(limit * windowMs, this.#parts + (time - this.#last) * limit)
    this.#last = time
    if (this.#parts < windowMs) return false
    this.#parts -= windowMs
    return true
  }
}
