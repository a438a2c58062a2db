/**
 * One user of the simulation: when it sends, what the three limiters made of that, and what the page needs to draw it.
 */
import type { Limiter } from 'spillway'
import type { Random } from '../../../bench/seeded-random.js'
import type { Quota } from '../../../src/limiter/index.js'
import type { PatternName } from './patterns.js'
import { held, PATTERNS } from './patterns.js'
import { FixedWindow, TokenBucket } from './rivals.js'
import { Track } from './track.js'
import { WindowCount } from './window-count.js'

/** What the real limiter made of a request. */
export const DENIED = 0
export const BASE = 1
export const BURST = 2

/** Windows that are kept for drawing. */
const KEPT_WINDOWS = 6
/** Samples of a window, where milliseconds allow as many. */
export const SAMPLES_A_WINDOW = 200
/** Enough for the windows on the page at the highest limit with a hammering user and a held button. */
const KEPT_REQUESTS = 8192

/** Requests so far, by what became of them. */
export interface Tally {
  base: number
  burst: number
  denied: number
  fixed: number
  bucket: number
}

export class User {
  readonly id: string
  readonly tally: Tally = { base: 0, burst: 0, denied: 0, fixed: 0, bucket: 0 }
  /** Requests: `outcome` by the real limiter; 1 where a rival admitted, else 0. */
  readonly requests = new Track(['outcome', 'fixed', 'bucket'], KEPT_REQUESTS)
  /** Where the user stood at even steps of time: places taken, tokens, and admissions in the window by each limiter. */
  readonly samples = new Track(['fill', 'tokens', 'spillway', 'fixed', 'bucket'], KEPT_WINDOWS * (SAMPLES_A_WINDOW + 1))
  /** Admissions in any window: by the base quota alone, by base and burst together, by each rival. */
  readonly counts: Record<'base' | 'spillway' | 'fixed' | 'bucket', WindowCount>

  readonly #quota: Quota
  readonly #limiter: Limiter
  readonly #random: Random
  readonly #fixed: FixedWindow
  readonly #bucket: TokenBucket
  /** What is under way: the pattern, and the button while it is held. */
  #pattern: Arrivals = ended
  #hand: Arrivals = ended

  constructor(id: string, quota: Quota, limiter: Limiter, random: Random) {
    this.id = id
    this.#quota = quota
    this.#limiter = limiter
    this.#random = random
    this.#fixed = new FixedWindow(quota)
    this.#bucket = new TokenBucket(quota)
    const count = () => new WindowCount(quota.windowMs)
    this.counts = { base: count(), spillway: count(), fixed: count(), bucket: count() }
  }

  /** Follows a pattern from `start` on. */
  follow(pattern: PatternName, start: number): void {
    this.#pattern = begin(PATTERNS[pattern].arrivals(this.#quota, start, this.#random))
  }

  /** Sends by hand from `start` on. */
  hold(start: number): void {
    this.#hand = begin(held(this.#quota, start))
  }

  release(): void {
    this.#hand = ended
  }

  /** When the user sends next; `Infinity` if never. */
  get next(): number {
    return Math.min(this.#pattern.next, this.#hand.next)
  }

  /** Sends the next request. The limiter's clock shows `time`. */
  send(time: number): void {
    if (this.#pattern.next <= this.#hand.next) this.#pattern = begin(this.#pattern.rest)
    else this.#hand = begin(this.#hand.rest)

    const { allowed, fromBurst } = this.#limiter.check(this.id)
    const outcome = allowed ? (fromBurst > 0 ? BURST : BASE) : DENIED
    const fixed = this.#fixed.decide(time)
    const bucket = this.#bucket.decide(time)
    this.#record(time, outcome, fixed, bucket)
  }

  /** Notes where the user stands. The limiter's clock shows `time`. */
  sample(time: number): void {
    const { remaining, burstRemaining } = this.#limiter.peek(this.id)
    this.samples.append({
      time,
      fill: this.#quota.limit - remaining,
      tokens: burstRemaining,
      spillway: this.counts.spillway.at(time),
      fixed: this.counts.fixed.at(time),
      bucket: this.counts.bucket.at(time),
    })
  }

  #record(time: number, outcome: number, fixed: boolean, bucket: boolean): void {
    const { tally, counts } = this
    if (outcome === BASE) {
      tally.base++
      counts.base.add(time)
    } else if (outcome === BURST) tally.burst++
    else tally.denied++
    if (outcome !== DENIED) counts.spillway.add(time)
    if (fixed) {
      tally.fixed++
      counts.fixed.add(time)
    }
    if (bucket) {
      tally.bucket++
      counts.bucket.add(time)
    }
    this.requests.append({ time, outcome, fixed: Number(fixed), bucket: Number(bucket) })
  }
}

/** A stream of times with its head taken off. */
interface Arrivals {
  readonly next: number
  readonly rest: Iterator<number>
}

const ended: Arrivals = { next: Number.POSITIVE_INFINITY, rest: [].values() }

function begin(rest: Iterator<number>): Arrivals {
  const { done, value } = rest.next()
  return done ? ended : { next: value, rest }
}
