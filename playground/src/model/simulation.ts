/**
 * Users, traffic and the real limiter on one clock that moves only when told to. Nothing here knows of a page. The
 * same quota, patterns and seed give the same decisions however time is cut into steps.
 */
import type { ManualClock } from 'spillway'
import { manualClock } from 'spillway'
import { seededRandom } from '../../../bench/seeded-random.js'
import type { Quota } from '../../../src/limiter/index.js'
import type { FleetPlan } from './fleet.js'
import { Fleet } from './fleet.js'
import { Gate } from './gate.js'
import type { PatternName } from './patterns.js'
import { SAMPLES_A_WINDOW, User } from './user.js'
import { WaitingLine } from './waiting-line.js'

export const USER_IDS = ['A', 'B', 'C', 'D'] as const

export interface Scenario extends Quota, FleetPlan {
  /** One for each user. */
  readonly patterns: readonly PatternName[]
  readonly seed: number
  /** What all users together may take in a window; 0 for any number. */
  readonly sharedLimit: number
}

export class Simulation {
  readonly quota: Quota
  readonly users: readonly User[]
  readonly #gate: Gate
  readonly #clock: ManualClock
  /** The same requests through a queue, and over a fleet. */
  readonly line: WaitingLine
  readonly fleet: Fleet
  readonly #sampleMs: number
  #now = 0
  #nextSample = 0

  /** Loads limiters of its own, at time 0. */
  static async load(scenario: Scenario): Promise<Simulation> {
    const clock = manualClock()
    const gate = await Gate.load(scenario, scenario.sharedLimit, USER_IDS.length, clock)
    const line = await WaitingLine.load(scenario, USER_IDS)
    return new Simulation(scenario, gate, clock, line, await Fleet.load(scenario, scenario, scenario.seed, USER_IDS))
  }

  private constructor(scenario: Scenario, gate: Gate, clock: ManualClock, line: WaitingLine, fleet: Fleet) {
    this.quota = scenario
    this.#gate = gate
    this.#clock = clock
    this.line = line
    this.fleet = fleet
    this.#sampleMs = Math.max(1, Math.round(scenario.windowMs / SAMPLES_A_WINDOW))
    this.users = USER_IDS.map((id, index) => {
      const user = new User(id, gate, seededRandom(scenario.seed * USER_IDS.length + index))
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
   * @returns settles once the queue and the fleet have followed
   */
  async advance(ms: number): Promise<void> {
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
        this.fleet.arrive(next.id, time)
      } else {
        for (const user of this.users) user.sample(time)
        this.#nextSample += this.#sampleMs
      }
    }
    this.#clock.set(end)
    this.#now = end
    await Promise.all([this.line.follow(end), this.fleet.follow(end)])
  }

  /** Lets a user follow another pattern from now on. */
  follow(index: number, pattern: PatternName): void {
    this.#user(index).follow(pattern, this.#now + 1)
  }

  /**
   * Sends a request of a user now, and goes on sending until it is released.
   *
   * @param limit by which these requests are judged, at most the limiter's
   */
  hold(index: number, limit = this.quota.limit): Promise<void> {
    this.#user(index).hold(this.#now, limit)
    return this.advance(0)
  }

  release(): void {
    for (const user of this.users) user.release()
  }

  /** Gives a user's newest admission back: whether there was one in the window. */
  refund(index: number): boolean {
    return this.#user(index).refund(this.#now)
  }

  /** Denies a user everything for so long. */
  block(index: number, ms: number): void {
    this.#user(index).block(this.#now, ms)
  }

  unblock(index: number): void {
    this.#user(index).unblock(this.#now)
  }

  /** Where a user stands now, by the real limiter. */
  standing(index: number): { fill: number; tokens: number; blockedMs: number } {
    return this.#gate.standing(this.#user(index).id)
  }

  /** What all users together may take, 0 for any number, and what they have taken. */
  get shared(): { limit: number; fill: number } {
    return { limit: this.#gate.sharedLimit, fill: this.#gate.sharedFill() }
  }

  close(): void {
    this.#gate.close()
    this.line.close()
    this.fleet.close()
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
