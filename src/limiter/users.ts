/**
 * The users: an instance of the core, and, while memory is being given back, the one before it.
 *
 * Linear memory never shrinks. When a sweep leaves most of it unused after a spike, a fresh instance takes over: each
 * user moves to it when it asks next, the others a few at a time with the sweeps, and the old instance is dropped for
 * the garbage collector. Every user is in one of the two, so no answer changes on the way.
 */
import type { Core, Statistic, Statistics } from './core.js'
import { IdCache } from './id-cache.js'
import type { Settings } from './options.js'

/** The numbers that only grow, and are carried over from instance to instance. */
const COUNTS = ['allowed', 'denied', 'burstSpent', 'swept', 'evicted', 'forcedGrowths'] as const

/** What is held by both instances while users move. */
const HELD: readonly Statistic[] = ['users', 'memoryBytes']

/** More pages than there can be. */
const ALL_PAGES = 0x7fffffff

/** Memory is given back when less than this part of what was ever used is in use. */
const WASTEFUL = 1 / 4

/** Users moved for each page that a slice would sweep: about as much work. */
const USERS_A_PAGE = 16

export class Users {
  /** The instance that decides. Changes only in `sweep`. */
  core: Core
  /** The instance that users are moved from. */
  #previous: Core | undefined
  readonly #ids: IdCache
  readonly #settings: Settings
  /** What instances before this one have counted. */
  #counted = { allowed: 0, denied: 0, burstSpent: 0, swept: 0, evicted: 0, forcedGrowths: 0 }

  constructor(core: Core, settings: Settings) {
    this.core = core
    this.#settings = settings
    this.#ids = new IdCache(core)
  }

  /**
   * Finds the slot by which the core knows a user until the next call.
   *
   * @throws {TypeError} if the id is not a string
   */
  slotOf(userId: string): number {
    const slot = this.#ids.resolve(userId)
    if (this.#previous !== undefined) this.core.moveUser(slot, this.#previous)
    return slot
  }

  /** Sweeps so many pages, or moves the users of so many. True when that ended a pass, moving included. */
  sweep(pages: number, reading: number): boolean {
    if (this.#previous !== undefined) return this.#moveUsers(pages * USERS_A_PAGE, this.#previous)
    const ended = this.core.abi.sweep(reading, pages) !== 0
    this.core.abi.growAhead()
    if (!ended) return false
    const moving = this.#isWasteful() && this.#startMoving()
    return !moving
  }

  /** Sweeps all pages, and moves all users that are to move. */
  sweepAll(reading: number): void {
    this.#finishMoving()
    this.core.abi.restartSweep()
    this.sweep(ALL_PAGES, reading)
    this.#finishMoving()
  }

  /** Pages that a pass has to sweep, those included whose users are still to move. */
  get pages(): number {
    const toMove = Math.ceil((this.#previous?.statistic('users') ?? 0) / USERS_A_PAGE)
    return this.core.statistic('tablePages') + toMove
  }

  /** The numbers of both instances together, and what instances before them have counted. */
  statistics(): Statistics {
    const statistics = this.core.statistics()
    const previous = this.#previous?.statistics()
    for (const name of COUNTS) statistics[name] += this.#counted[name]
    if (previous !== undefined) for (const name of HELD) statistics[name] += previous[name]
    return statistics
  }

  #isWasteful(): boolean {
    const { core } = this
    const touched = core.statistic('touchedBytes')
    const used = core.statistic('memoryBytes')
    const full = core.statistic('users') >= this.#settings.maxUsers
    return touched - used >= this.#settings.spareBytes && used < touched * WASTEFUL && !full
  }

  /** False if there is no memory for a second instance just now: this one goes on, and the next pass tries again. */
  #startMoving(): boolean {
    const previous = this.core
    let fresh: Core
    try {
      fresh = previous.successor()
    } catch {
      return false
    }
    this.#counted = this.statistics()
    this.core = fresh
    this.#ids.moveTo(fresh)
    this.#previous = previous
    return true
  }

  #finishMoving(): void {
    if (this.#previous !== undefined) this.#moveUsers(Infinity, this.#previous)
  }

  #moveUsers(most: number, previous: Core): boolean {
    for (let moved = 0; moved < most; moved++) {
      if (this.core.moveAnyUser(previous)) continue
      this.#previous = undefined
      return true
    }
    return false
  }
}
