/**
 * The one place that knows the core's ABI, instantiates it, and views its memory.
 */
import { instantiateSync } from '@assemblyscript/loader'
import type { OnFull, Settings } from './options.js'

/** What `assembly/index.ts` exports. Booleans arrive as 0 and 1, u32 as signed numbers. */
export type CoreExports = {
  memory: WebAssembly.Memory
  init(
    maxUsers: number,
    limit: number,
    windowMs: number,
    capacity: number,
    refillPerSecond: number,
    onFull: number,
    reading: number,
  ): number
  setKey(a: number, b: number, c: number, d: number): void
  begin(wide: number): void
  absorb(bytes: number): void
  remember(slot: number, bytes: number): void
  rememberWhole(slot: number, bytes: number, wide: number): void
  decide(slot: number, reading: number, cost: number): number
  check(slot: number, reading: number, cost: number): number
  peek(slot: number, reading: number, cost: number): number
  tokens(slot: number, reading: number): number
  reset(slot: number, reading: number): void
  sweep(reading: number, pages: number): number
  restartSweep(): void
  growAhead(): void
  lift(low: number, high: number): number
  liftNext(): number
  land(): number
  succeed(time: number, mostUsers: number, mostPages: number): void
  setMaxUsers(maxUsers: number): void
  stats(): void
  reportAt(): number
  scratchAt(): number
  slotsAt(): number
}

/** Bytes of the scratch area that ids are hashed from: `SCRATCH_SIZE` of `assembly/layout.ts`. */
export const SCRATCH_SIZE = 1024

/** Slots that name users to the core, the last one for a user who is not remembered: `SLOTS` of `assembly/layout.ts`. */
export const SLOTS = 32_769

/** 32-bit words of a slot: the handle, low half first, and two that are the core's own. */
const SLOT_WORDS = 4

/** Bytes of a user who travels: `USER_SIZE`, and the largest ring block, of `MAX_CELLS`, in `assembly/layout.ts`. */
const TRAVEL_SIZE = 64 + 128

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

/** Numbers in the report. */
const REPORT_LENGTH = 16

const ON_FULL: Record<OnFull, number> = { evict: 0, deny: 1, allow: 2 }

/** Views of the parts of the core's memory that the wrapper reads and writes. */
interface Views {
  /** The scratch area in bytes, and in 16-bit code units. */
  readonly bytes: Uint8Array
  readonly units: Uint16Array
  /** A user who travels, in the scratch area. */
  readonly traveller: Uint8Array
  readonly slots: Uint32Array
  readonly report: Float64Array
}

/** An instance of the core, ready for decisions. */
export class Core {
  readonly abi: CoreExports
  readonly #settings: Settings
  readonly #module: WebAssembly.Module
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
    module: WebAssembly.Module,
    settings: Settings,
    origin: number,
    key: Uint32Array = crypto.getRandomValues(new Uint32Array(4)),
  ) {
    const exported = new Set(WebAssembly.Module.exports(module).map(({ name }) => name))
    if (!exported.has('decide') || !exported.has('succeed')) {
      throw new TypeError('module must be the compiled spillway/core.wasm of this version; it lacks exports of it')
    }
    // Not the loader's own `exports`: they wrap every call in one with rest parameters, too slow for a decision.
    const abi = { ...instantiateSync(module, {}).instance.exports } as CoreExports
    const { maxUsers, limit, windowMs, capacity, refillPerSecond, onFull } = settings
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
    core.abi.succeed(this.statistic('latest'), this.statistic('peakUsers'), this.statistic('peakPages'))
    core.#leaveRoomFor(this)
    return core
  }

  /** Current views. Growth of memory detaches old ones, so nobody may keep them over a call of the core. */
  get views(): Views {
    if (this.#views.bytes.length === 0) this.#views = view(this.abi)
    return this.#views
  }

  /** One of the numbers that the core's `stats` reports. */
  statistic(name: Statistic): number {
    this.abi.stats()
    return this.views.report[STATISTICS.indexOf(name)]
  }

  /** Moves the user of a slot here from another instance, if that has it. */
  fetch(slot: number, from: Core): void {
    const { slots } = this.views
    const at = slot * SLOT_WORDS
    if (from.abi.lift(slots[at], slots[at + 1])) this.#land(from)
  }

  /** Moves any user here from another instance. False if that has none. */
  fetchNext(from: Core): boolean {
    if (!from.abi.liftNext()) return false
    this.#land(from)
    return true
  }

  #land(from: Core): void {
    this.#leaveRoomFor(from)
    this.views.traveller.set(from.views.traveller)
    this.abi.land()
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
    traveller: new Uint8Array(buffer, scratchAt(), TRAVEL_SIZE),
    slots: new Uint32Array(buffer, slotsAt(), SLOTS * SLOT_WORDS),
    report: new Float64Array(buffer, reportAt(), REPORT_LENGTH),
  }
}
