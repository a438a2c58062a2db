/** The same requests through a queue, which denies nobody while it has room: each waits for its turn. */
import type { Limiter, ManualClock } from 'spillway'
import { loadLimiter, manualClock } from 'spillway'
import { Queue } from 'spillway/queue'
import type { Quota } from '../../../src/limiter/index.js'
import { Follower, settled } from './follower.js'
import { Thinner } from './thinner.js'
import { Track } from './track.js'
import { WindowCount } from './window-count.js'

/** What the queue made of a request. */
export const REFUSED = 0
export const STARTED = 1

/** As many times the limit may wait of each user. */
const LIMITS_WAITING = 2
const KEPT_EVENTS = 16_384

/** One user's part of it. */
class Waits {
  /** Starts, and refusals where too many waited. */
  readonly events = new Track(['outcome'], KEPT_EVENTS)
  readonly #thinner: Thinner
  /** Starts in any window: by the base quota alone, and all. */
  readonly counts: { readonly base: WindowCount; readonly all: WindowCount }
  started = 0
  refused = 0
  /** How long the one waited that waited longest, in milliseconds. */
  longestMs = 0

  constructor(quota: Quota) {
    const { windowMs } = quota
    this.#thinner = new Thinner(quota, KEPT_EVENTS)
    this.counts = { base: new WindowCount(windowMs), all: new WindowCount(windowMs) }
  }

  start(time: number, waitedMs: number, isBase: boolean): void {
    this.started++
    this.longestMs = Math.max(this.longestMs, waitedMs)
    if (isBase) this.counts.base.add(time)
    this.counts.all.add(time)
    this.#note(time, STARTED)
  }

  refuse(time: number): void {
    this.refused++
    this.#note(time, REFUSED)
  }

  #note(time: number, outcome: number): void {
    if (this.#thinner.keeps(time, outcome)) this.events.append({ time, outcome })
  }
}

export class WaitingLine extends Follower {
  readonly #users = new Map<string, Waits>()
  readonly #limiter: Limiter
  readonly #clock: ManualClock
  readonly #queue: Queue

  /** Loads a limiter of its own, at time 0. */
  static async load(
    { limit, windowMs, capacity, refillPerSecond }: Quota,
    ids: readonly string[],
  ): Promise<WaitingLine> {
    const clock = manualClock()
    const burst = { capacity, refillPerSecond }
    const limiter = await loadLimiter({ limit, windowMs, burst, clock, maxUsers: ids.length, sweepIntervalMs: 0 })
    return new WaitingLine(limiter, clock, ids)
  }

  private constructor(limiter: Limiter, clock: ManualClock, ids: readonly string[]) {
    super()
    this.#limiter = limiter
    this.#clock = clock
    const most = LIMITS_WAITING * limiter.quota.limit
    this.#queue = new Queue(limiter, { maxWaiting: ids.length * most, maxWaitingPerUser: most })
    for (const id of ids) this.#users.set(id, new Waits(limiter.quota))
  }

  of(id: string): Waits {
    const waits = this.#users.get(id)
    if (!waits) throw new RangeError(`There is no user ${id}`)
    return waits
  }

  waiting(id: string): number {
    return this.#queue.size(id)
  }

  close(): void {
    this.#queue.close()
    this.#limiter.close()
  }

  protected override async followTo(end: number): Promise<void> {
    let followed = 0
    for (const { id, time } of this.arrivals) {
      if (time > end) break
      followed++
      await this.#turnsUntil(time)
      this.#enter(id, time)
      await settled()
    }
    this.arrivals.splice(0, followed)
    await this.#turnsUntil(end)
  }

  /** Lets in all whose turn comes by a time, each at its own. */
  async #turnsUntil(end: number): Promise<void> {
    for (let turn = this.#nextTurn(); turn <= end; turn = this.#nextTurn()) {
      this.#clock.set(turn)
      this.#queue.recheck()
      await settled()
    }
    this.#clock.set(end)
  }

  /** The whole millisecond by which the limiter admits somebody who waits. */
  #nextTurn(): number {
    const waits = [...this.#users.keys()]
      .filter((id) => this.#queue.size(id) > 0)
      .map((id) => this.#limiter.peek(id).retryAfterMs)
    return Math.ceil(this.#clock() + Math.max(1, Math.min(...waits)))
  }

  #enter(id: string, came: number): void {
    const waits = this.of(id)
    this.#queue.acquire(id).then(
      ({ fromBurst }) => {
        const now = this.#clock()
        waits.start(now, now - came, fromBurst === 0)
      },
      () => waits.refuse(this.#clock()),
    )
  }
}
