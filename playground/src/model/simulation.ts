/**
 * Users, traffic and the real limiter on one clock that moves only when told to. Nothing here knows of a page. The
 * same quota, patterns and seed give the same decisions however time is cut into steps.
 */
import type { Limiter, ManualClock } from 'spillway'
import { loadLimiter, manualClock } from 'spillway'
import { seededRandom } from '../../../bench/seeded-random.js'
import type { Quota } from '../../../src/limiter/index.js'
import type { PatternName } from './patterns.js'
import { SAMPLES_A_WINDOW, User } from './user.js'
import { WaitingLine } from './waiting-line.js'

export const USER_IDS = ['A', 'B', 'C', 'D'] as const

export interface Scenario extends Quota {
  /** One for each user. */
  readonly patterns: readonly PatternName[]
  readonly seed: number
}

export class Simulation {
  readonly quota: Quota
  readonly users: readonly User[]
  readonly #limiter: Limiter
  readonly #clock: ManualClock
  /** The same requests through a queue. */
  readonly line: WaitingLine
  readonly #sampleMs: number
  #now = 0
  #nextSample = 0

  /** Loads limiters of its own, at time 0. */
  static async load(scenario: Scenario): Promise<Simulation> {
    const { limit, windowMs, capacity, refillPerSecond } = scenario
    const clock = manualClock()
    const limiter = await loadLimiter({
      limit,
      windowMs,
      burst: { capacity, refillPerSecond },
      clock,
      maxUsers: USER_IDS.length,
      sweepIntervalMs: 0,
    })
    return new Simulation(scenario, limiter, clock, await WaitingLine.load(scenario, USER_IDS))
  }

  private constructor(scenario: Scenario, limiter: Limiter, clock: ManualClock, line: WaitingLine) {
    this.quota = scenario
    this.#limiter = limiter
    this.#clock = clock
    this.line = line
    this.#sampleMs = Math.max(1, Math.round(scenario.windowMs / SAMPLES_A_WINDOW))
    this.users = USER_IDS.map((id, index) => {
      const user = new User(id, scenario, limiter, seededRandom(scenario.seed * USER_IDS.length + index))
      user.follow(scenario.patterns[index] ?? 'none', 0)
      return user
    })
    this.advance(0)
  }

  /** Whole milliseconds since the limiter was loaded. */
  get now(): number {
    return this.#now
  }

  /**
   * Moves on by so many whole milliseconds, the requests and samples on the way in the order of their times.
   *
   * @returns settles once the queue has followed
   */
  advance(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      const next = this.#nextToSend()
      // Requests come before the sample of the same time, so that the sample shows what they did.
      const time = Math.min(next.next, this.#nextSample)
      if (time > end) break
      this.#clock.set(time)
      if (next.next <= this.#nextSample) {
        next.send(time)
        this.line.arrive(next.id, time)
      } else {
        for (const user of this.users) user.sample(time)
        this.#nextSample += this.#sampleMs
      }
    }
    this.#clock.set(end)
    this.#now = end
    return this.line.follow(end)
  }

  /** Lets a user follow another pattern from now on. */
  follow(index: number, pattern: PatternName): void {
    this.#user(index).follow(pattern, this.#now + 1)
  }

  /** Sends a request of a user now, and goes on sending until it is released. */
  hold(index: number): Promise<void> {
    this.#user(index).hold(this.#now)
    return this.advance(0)
  }

  release(): void {
    for (const user of this.users) user.release()
  }

  /** Where a user stands now, by the real limiter. */
  standing(index: number): { fill: number; tokens: number } {
    const { remaining, burstRemaining } = this.#limiter.peek(this.#user(index).id)
    return { fill: this.quota.limit - remaining, tokens: burstRemaining }
  }

  close(): void {
    this.#limiter.close()
    this.line.close()
  }

  #nextToSend(): User {
    return this.users.reduce((first, user) => (user.next < first.next ? user : first))
  }

  #user(index: number): User {
    const user = this.users[index]
    if (!user) throw new RangeError(`There is no user ${index}; there are ${this.users.length}`)
    return user
  }
}
