/**
 * One user of the simulation: when it sends, what the three limiters made of that, and what the page needs to draw it.
 */
import type { Random } from '../../../bench/seeded-random.js'
import type { Quota } from '../../../src/limiter/index.js'
import type { Gate } from './gate.js'
import { BASE, BLOCKED, BURST, isAdmitted, SHARED } from './gate.js'
import type { PatternName } from './patterns.js'
import { held, PATTERNS } from './patterns.js'
import { FixedWindow, TokenBucket } from './rivals.js'
import { Thinner } from './thinner.js'
import { Track } from './track.js'
import { WindowCount } from './window-count.js'

/** Windows that are kept for drawing. */
const KEPT_WINDOWS = 6
/** Samples of a window, where milliseconds allow as many. */
export const SAMPLES_A_WINDOW = 200
/** Enough for the windows on the page with a hammering user and a held button: high limits are thinned out. */
const KEPT_REQUESTS = 16_384
/** Requests that are kept whatever the limit, for the table. */
const KEPT_LATEST = 64
/** Admissions that can be refunded, and blocks and refunds that can be drawn. */
const KEPT_REFUNDABLE = 4096
const KEPT_ACTS = 256

/** Requests so far, by what became of them. */
interface Tally {
  base: number
  burst: number
  /** All that were denied, those by the shared limit and by a block included. */
  denied: number
  shared: number
  blocked: number
  refunded: number
  fixed: number
  bucket: number
}

/** A block, of which the end moves when it is ended early. */
interface Block {
  readonly from: number
  to: number
}

export class User {
  readonly id: string
  readonly tally: Tally = { base: 0, burst: 0, denied: 0, shared: 0, blocked: 0, refunded: 0, fixed: 0, bucket: 0 }
  /** Requests to draw: `outcome` by the real limiter; 1 where a rival admitted, else 0. */
  readonly requests = new Track(['outcome', 'fixed', 'bucket'], KEPT_REQUESTS)
  /** The latest requests, every one. */
  readonly latest = new Track(['outcome', 'fixed', 'bucket'], KEPT_LATEST)
  /** Refunds, with the outcome that was undone. */
  readonly refunds = new Track(['outcome'], KEPT_ACTS)
  readonly blocks: Block[] = []
  /** Where the user stood at even steps of time: places taken, tokens, and admissions in the window by each limiter. */
  readonly samples = new Track(['fill', 'tokens', 'spillway', 'fixed', 'bucket'], KEPT_WINDOWS * (SAMPLES_A_WINDOW + 1))
  /** Admissions in any window that were not refunded: by the base quota alone, by base and burst together, by each rival. */
  readonly counts: Record<'base' | 'spillway' | 'fixed' | 'bucket', WindowCount>

  readonly #quota: Quota
  readonly #gate: Gate
  readonly #random: Random
  readonly #fixed: FixedWindow
  readonly #bucket: TokenBucket
  readonly #thinner: Thinner
  /** Admissions that were not refunded, the newest last. */
  #refundable: { readonly time: number; readonly outcome: number }[] = []
  /** What is under way: the pattern, and the button while it is held. */
  #pattern: Arrivals = ended
  #hand: Arrivals = ended
  #handLimit = 0

  constructor(id: string, gate: Gate, random: Random) {
    const { quota } = gate
    this.id = id
    this.#quota = quota
    this.#gate = gate
    this.#random = random
    this.#fixed = new FixedWindow(quota)
    this.#bucket = new TokenBucket(quota)
    this.#thinner = new Thinner(quota, KEPT_REQUESTS)
    const count = () => new WindowCount(quota.windowMs)
    this.counts = { base: count(), spillway: count(), fixed: count(), bucket: count() }
  }

  /** Follows a pattern from `start` on. */
  follow(pattern: PatternName, start: number): void {
    this.#pattern = begin(PATTERNS[pattern].arrivals(this.#quota, start, this.#random))
  }

  /** Sends by hand from `start` on, each request under a limit of its own. */
  hold(start: number, limit: number): void {
    this.#handLimit = Math.min(limit, this.#quota.limit)
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
    const isHand = this.#hand.next < this.#pattern.next
    if (isHand) this.#hand = begin(this.#hand.rest)
    else this.#pattern = begin(this.#pattern.rest)

    const outcome = this.#gate.decide(this.id, isHand ? this.#handLimit : this.#quota.limit)
    const fixed = this.#fixed.decide(time)
    const bucket = this.#bucket.decide(time)
    this.#record(time, outcome, fixed, bucket)
  }

  /** Gives the newest admission back, if it is still in the window: whether there was one. */
  refund(time: number): boolean {
    const newest = this.#refundable.at(-1)
    if (!newest || newest.time <= time - this.#quota.windowMs) return false
    this.#refundable.pop()
    this.#gate.refund(this.id, newest.outcome)
    this.tally.refunded++
    this.counts.spillway.undo(time)
    if (newest.outcome === BASE) this.counts.base.undo(time)
    this.refunds.append({ time, outcome: newest.outcome })
    return true
  }

  block(time: number, ms: number): void {
    this.#gate.block(this.id, ms)
    if (this.blocks.length === KEPT_ACTS) this.blocks.shift()
    this.blocks.push({ from: time, to: time + ms })
  }

  unblock(time: number): void {
    this.#gate.unblock(this.id)
    const block = this.blocks.at(-1)
    if (block) block.to = Math.min(block.to, time)
  }

  /** Notes where the user stands. The limiter's clock shows `time`. */
  sample(time: number): void {
    const { fill, tokens } = this.#gate.standing(this.id)
    this.samples.append({
      time,
      fill,
      tokens,
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
    if (outcome === SHARED) tally.shared++
    if (outcome === BLOCKED) tally.blocked++
    if (isAdmitted(outcome)) {
      counts.spillway.add(time)
      this.#noteRefundable(time, outcome)
    }
    if (fixed) {
      tally.fixed++
      counts.fixed.add(time)
    }
    if (bucket) {
      tally.bucket++
      counts.bucket.add(time)
    }
    const row = { time, outcome, fixed: Number(fixed), bucket: Number(bucket) }
    this.latest.append(row)
    if (this.#thinner.keeps(time, 4 * outcome + 2 * row.fixed + row.bucket)) this.requests.append(row)
  }

  #noteRefundable(time: number, outcome: number): void {
    this.#refundable.push({ time, outcome })
    if (this.#refundable.length >= 2 * KEPT_REFUNDABLE) this.#refundable = this.#refundable.slice(-KEPT_REFUNDABLE)
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
