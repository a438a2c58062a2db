/**
 * The users: an instance of the core, and, while memory is being given back, the one before it.
 *
 * Linear memory never shrinks. When a sweep leaves most of it unused after a spike, a fresh instance takes over: each
 * user moves to it when it asks next, the others a few at a time with the sweeps, and the old instance is dropped for
 * the garbage collector. Every user is in one of the two, so no answer changes on the way. If memory ends under the fresh
 * instance, the move turns back: the old one has room for all.
 */
import { COUNTS } from './abi.js'
import type { Core, Statistic, Statistics } from './core.js'
import { IdCache } from './id-cache.js'
import type { Settings } from './options.js'

/** What is held by both instances while users move. */
const HELD: readonly Statistic[] = ['users', 'memoryBytes']

/** More pages than there can be. */
const ALL_PAGES = 0x7fffffff

/** Memory is given back when less than this part of what was ever used is in use. */
const WASTEFUL = 1 / 4

/** Users moved for each page that a slice would sweep: about as much work. */
const USERS_A_PAGE = 16

type Counts = Record<(typeof COUNTS)[number], number>

export class Users {
  /** The instance that decides. Changes in `sweep`, and in `slotOf` when a move turns back. */
  core: Core
  /** The instance that users are moved from. */
  #previous: Core | undefined
  /** Whether users move back, since memory ended: then they move even if somebody has to leave. */
  #movingBack = false
  #ids: IdCache
  readonly #settings: Settings
  /** What instances before this one have counted. */
  #counted: Counts = countsOf()
  /** What the instance that users are moved from had counted when the move began. */
  #carried: Counts = this.#counted
  #listeningFor = 0

  constructor(core: Core, settings: Settings) {
    this.core = core
    this.#settings = settings
    this.#ids = new IdCache(core, settings.maxUsers)
  }

  /**
   * Finds the slot by which the core knows a user until the next call.
   *
   * @throws {TypeError} if the id is not a string
   */
  slotOf(userId: string): number {
    const slot = this.#ids.resolve(userId)
    return this.#previous === undefined ? slot : this.#fetch(userId, slot, this.#previous)
  }

  /** Sweeps so many pages, or moves the users of so many. True when that ended a pass, moving included. */
  sweep(pages: number, reading: number): boolean {
    if (this.#previous !== undefined) return this.#moveUsers(pages * USERS_A_PAGE)
    if (!this.core.abi.sweep(reading, pages, this.#settings.sweepIntervalMs)) return false
    return !(this.#isWasteful() && this.#startMoving())
  }

  /** Sweeps all pages, and moves all users that are to move. */
  sweepAll(reading: number): void {
    this.#moveUsers(Infinity)
    this.core.abi.restartSweep()
    this.sweep(ALL_PAGES, reading)
    this.#moveUsers(Infinity)
  }

  /**
   * Forgets all users: an empty instance takes over.
   *
   * @throws {RangeError} if there is no memory for it
   */
  clear(): void {
    this.#decideBy(this.core.successor())
    this.#previous = undefined
    this.core.abi.setMaxUsers(this.#settings.maxUsers)
  }

  /** Has the instance that decides ask for attention by these bits. */
  listenFor(bits: number): void {
    this.#listeningFor = bits
    this.core.abi.listenFor(bits)
  }

  /** The instances that hold users. */
  get cores(): readonly Core[] {
    return this.#previous === undefined ? [this.core] : [this.core, this.#previous]
  }

  /** Pages that a pass has to sweep, those included whose users are still to move. */
  get pages(): number {
    const toMove = Math.ceil((this.#previous?.abi.userCount() ?? 0) / USERS_A_PAGE)
    return this.core.statistics().tablePages + toMove
  }

  /** The numbers of both instances together, and what instances before them have counted. */
  statistics(): Statistics {
    const statistics = this.core.statistics()
    const previous = this.#previous?.statistics()
    for (const name of COUNTS) statistics[name] += this.#counted[name]
    if (previous !== undefined) for (const name of HELD) statistics[name] += previous[name]
    return statistics
  }

  /** Moves the user of a slot, who is about to be asked about; gives the slot that it then has. */
  #fetch(userId: string, slot: number, previous: Core): number {
    if (this.core.moveUser(slot, previous, this.#movingBack)) return slot
    this.#turnBack(previous)
    return this.#ids.resolve(userId)
  }

  #isWasteful(): boolean {
    const { touchedBytes, memoryBytes, users } = this.core.statistics()
    const spare = touchedBytes - memoryBytes
    return (
      spare >= this.#settings.spareBytes && memoryBytes < touchedBytes * WASTEFUL && users < this.#settings.maxUsers
    )
  }

  /** False if there is no memory for a second instance just now: this one goes on, and the next pass tries again. */
  #startMoving(): boolean {
    let fresh: Core
    try {
      fresh = this.core.successor()
    } catch {
      return false
    }
    this.#carried = this.core.statistics()
    this.#decideBy(fresh)
    this.#movingBack = false
    return true
  }

  /** Decides by another instance from now on, and moves users to it. */
  #decideBy(core: Core): void {
    this.#counted = this.statistics()
    this.#previous = this.core
    this.core = core
    this.core.leaveRoomFor(this.#previous)
    // The new instance remembers nobody.
    this.#ids = new IdCache(core, this.#settings.maxUsers)
    this.#previous.abi.listenFor(0)
    core.abi.listenFor(this.#listeningFor)
  }

  /** Moves all users back to the instance that they come from. */
  #turnBack(previous: Core): void {
    const { latest, peakUsers, peakPages } = this.core.statistics()
    this.#decideBy(previous)
    this.#movingBack = true
    previous.abi.resume(latest, peakUsers, peakPages)
    // That instance goes on counting from these, which were carried over when the move began.
    for (const name of COUNTS) this.#counted[name] -= this.#carried[name]
  }

  /** Moves so many users, if any are to move. True when none is left. */
  #moveUsers(most: number): boolean {
    for (let moved = 0; this.#previous !== undefined && moved < most; moved++) {
      if (this.#previous.abi.userCount() === 0) this.#previous = undefined
      else if (!this.core.moveAnyUser(this.#previous, this.#movingBack)) this.#turnBack(this.#previous)
    }
    return this.#previous === undefined
  }
}

/** The counts among statistics; without any, those of nothing done yet. */
export function countsOf(statistics?: Statistics): Counts {
  return Object.fromEntries(COUNTS.map((name) => [name, statistics?.[name] ?? 0])) as Counts
}
