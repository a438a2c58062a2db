/**
 * The users: an instance of the core, and, while memory is being given back, the one before it.
 *
 * Linear memory never shrinks. When a sweep leaves most of it unused after a spike, a fresh instance takes over: each
 * user moves to it when it asks next, the others a few at a time with the sweeps, and the old instance is dropped for
 * the garbage collector. Every user is in one of the two, so no answer changes on the way.
 */
import type { Core } from './core.js'
import { Interner } from './interner.js'
import type { Settings } from './options.js'

/** Places of the numbers in the core's report. */
const REPORT = {
  users: 0,
  memoryBytes: 1,
  allowed: 2,
  denied: 3,
  burstSpent: 4,
  swept: 5,
  evicted: 6,
  forcedGrowths: 7,
  tablePages: 8,
  touchedBytes: 9,
} as const

/** The numbers that only grow, and are carried over from instance to instance. */
const COUNTS = ['allowed', 'denied', 'burstSpent', 'swept', 'evicted', 'forcedGrowths'] as const

/** More pages than there can be. */
const ALL_PAGES = 0x7fffffff

/** Memory is given back when less than this part of what was ever used is in use. */
const WASTEFUL = 1 / 4

/** Users moved for each page that a slice would sweep: about as much work. */
const USERS_A_PAGE = 16

export class UserStore {
  /** The instance that decides. Changes only in `sweep`. */
  core: Core
  /** The instance that users are moved from. */
  #previous: Core | undefined
  readonly #interner: Interner
  readonly #settings: Settings
  /** What instances before this one have counted. */
  readonly #counted = new Float64Array(Object.keys(REPORT).length)

  constructor(core: Core, settings: Settings) {
    this.core = core
    this.#settings = settings
    this.#interner = new Interner(core)
  }

  /**
   * Finds the slot by which the core knows a user until the next call.
   *
   * @throws {TypeError} if the id is not a string
   */
  slotOf(userId: string): number {
    const slot = this.#interner.resolve(userId)
    if (this.#previous !== undefined) this.core.fetch(slot, this.#previous)
    return slot
  }

  /** Sweeps so many pages, or moves the users of so many. True when that ended a pass over the table. */
  sweep(pages: number, reading: number): boolean {
    if (this.#previous !== undefined) return this.#moveUsers(pages * USERS_A_PAGE, this.#previous)
    const ended = this.core.abi.sweep(reading, pages) !== 0
    this.core.abi.growAhead()
    if (ended && this.#isWasteful()) this.#startMoving()
    return ended
  }

  /** Sweeps all pages, and moves all users that are to move. */
  sweepAll(reading: number): void {
    if (this.#previous !== undefined) this.#moveUsers(Infinity, this.#previous)
    this.core.abi.restartSweep()
    this.sweep(ALL_PAGES, reading)
    if (this.#previous !== undefined) this.#moveUsers(Infinity, this.#previous)
  }

  /** One of the numbers that are told about a limiter. */
  statistic(name: keyof typeof REPORT): number {
    const index = REPORT[name]
    const held = name === 'users' || name === 'memoryBytes' ? (this.#previous?.statistic(index) ?? 0) : 0
    return this.core.statistic(index) + this.#counted[index] + held
  }

  #isWasteful(): boolean {
    const { core } = this
    const touched = core.statistic(REPORT.touchedBytes)
    const used = core.statistic(REPORT.memoryBytes)
    const full = core.statistic(REPORT.users) >= this.#settings.maxUsers
    return touched - used >= this.#settings.spareBytes && used < touched * WASTEFUL && !full
  }

  #startMoving(): void {
    const previous = this.core
    let fresh: Core
    try {
      fresh = previous.successor()
    } catch {
      // No memory for a second instance just now: this one goes on, and the next sweep tries again.
      return
    }
    for (const name of COUNTS) this.#counted[REPORT[name]] += previous.statistic(REPORT[name])
    this.core = fresh
    this.#interner.moveTo(fresh)
    this.#previous = previous
  }

  #moveUsers(most: number, previous: Core): boolean {
    for (let moved = 0; moved < most; moved++) {
      if (this.core.fetchNext(previous)) continue
      this.#previous = undefined
      return true
    }
    return false
  }
}
