/**
 * An instance of the core: the one place that sets it up and views its memory.
 */
import type { CoreModule } from './core-module.js'
import type { CoreExports } from './instantiate.js'
import { instantiate } from './instantiate.js'
import type { OnFull, Settings } from './options.js'

/** Bytes of the scratch area that ids are hashed from: `SCRATCH_SIZE` of `assembly/layout.ts`. */
export const SCRATCH_SIZE = 1024

/** Slots that name users to the core, the last one for a user who is not remembered: `SLOTS` of `assembly/layout.ts`. */
export const SLOTS = 32_769

/** 32-bit words of a slot: the handle, low half first, and two that are the core's own. */
const SLOT_WORDS = 4

/** Bytes of a user who moves: `USER_SIZE`, and the largest ring block, of `MAX_CELLS`, in `assembly/layout.ts`. */
const MOVING_SIZE = 64 + 128

/** What `stats` reports, in the order of `assembly/index.ts`. */
const STATISTICS = [
  'users',
  'memoryBytes',
  'allowed',
  'denied',
  'burstSpent',
  'swept',
  'evicted',
  'forcedGrowths',
  'tablePages',
  'touchedBytes',
  'latest',
  'peakUsers',
  'peakPages',
] as const

export type Statistic = (typeof STATISTICS)[number]
export type Statistics = Record<Statistic, number>

/** Numbers in the report. */
const REPORT_LENGTH = 16

const ON_FULL: Record<OnFull, number> = { evict: 0, deny: 1, allow: 2 }

/** Views of the parts of the core's memory that the wrapper reads and writes. */
interface Views {
  /** The scratch area in bytes, and in 16-bit code units. */
  readonly bytes: Uint8Array
  readonly units: Uint16Array
  /** A user who moves, in the scratch area. */
  readonly moving: Uint8Array
  readonly slots: Uint32Array
  readonly report: Float64Array
}

/** An instance of the core, ready for decisions. */
export class Core {
  readonly abi: CoreExports
  readonly #settings: Settings
  readonly #module: CoreModule
  readonly #origin: number
  readonly #key: Uint32Array
  #views: Views

  /**
   * Instantiates a compiled core.
   *
   * @param origin the reading of the clock since when users never seen are idle
   * @param key 128 bits that decide where users lie, a random key of its own if not given
   * @throws {TypeError} if the module is not Spillway's core
   * @throws {RangeError} if the memory for `maxUsers` cannot be had
   */
  constructor(
    module: CoreModule,
    settings: Settings,
    origin: number,
    key: Uint32Array = crypto.getRandomValues(new Uint32Array(4)),
  ) {
    const abi = instantiate(module)
    const { maxUsers, onFull } = settings
    const { limit, windowMs, capacity, refillPerSecond } = settings.quota
    if (!abi.init(maxUsers, limit, windowMs, capacity, refillPerSecond, ON_FULL[onFull], origin)) {
      throw new RangeError(`maxUsers: the memory for ${maxUsers} users cannot be had here`)
    }
    abi.setKey(key[0], key[1], key[2], key[3])
    this.abi = abi
    this.#settings = settings
    this.#module = module
    this.#origin = origin
    this.#key = key
    this.#views = view(abi)
  }

  /** An instance without users that goes on where this one is: same key, same time, same slots. */
  successor(): Core {
    const core = new Core(this.#module, this.#settings, this.#origin, this.#key)
    core.views.slots.set(this.views.slots)
    core.abi.resume(this.statistic('latest'), this.statistic('peakUsers'), this.statistic('peakPages'))
    core.#leaveRoomFor(this)
    return core
  }

  /** Current views. Growth of memory detaches old ones, so nobody may keep them over a call of the core. */
  get views(): Views {
    if (this.#views.bytes.length === 0) this.#views = view(this.abi)
    return this.#views
  }

  /** What the core's `stats` reports. */
  statistics(): Statistics {
    this.abi.stats()
    const { report } = this.views
    return Object.fromEntries(STATISTICS.map((name, index) => [name, report[index]])) as Statistics
  }

  /** One of the numbers that the core's `stats` reports. */
  statistic(name: Statistic): number {
    return this.statistics()[name]
  }

  /** Moves the user of a slot here from another instance, if that has it. */
  moveUser(slot: number, from: Core): void {
    const { slots } = this.views
    const at = slot * SLOT_WORDS
    if (from.abi.extract(slots[at], slots[at + 1])) this.#insertFrom(from)
  }

  /** Moves any user here from another instance. False if that has none. */
  moveAnyUser(from: Core): boolean {
    if (!from.abi.extractAny()) return false
    this.#insertFrom(from)
    return true
  }

  #insertFrom(from: Core): void {
    this.#leaveRoomFor(from)
    this.views.moving.set(from.views.moving)
    this.abi.insert()
  }

  /** Both instances together hold no more than `maxUsers`. */
  #leaveRoomFor(other: Core): void {
    this.abi.setMaxUsers(this.#settings.maxUsers - other.statistic('users'))
  }
}

function view({ memory: { buffer }, scratchAt, slotsAt, reportAt }: CoreExports): Views {
  return {
    bytes: new Uint8Array(buffer, scratchAt(), SCRATCH_SIZE),
    units: new Uint16Array(buffer, scratchAt(), SCRATCH_SIZE / 2),
    moving: new Uint8Array(buffer, scratchAt(), MOVING_SIZE),
    slots: new Uint32Array(buffer, slotsAt(), SLOTS * SLOT_WORDS),
    report: new Float64Array(buffer, reportAt(), REPORT_LENGTH),
  }
}
