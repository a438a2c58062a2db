/**
 * An instance of the core: the one place that sets it up and views its memory.
 */
import { ON_FULL, REPORT, REPORT_LENGTH, SCRATCH, SCRATCH_SIZE, STATISTICS } from './abi.js'
import type { CoreModule } from './core-module.js'
import type { CoreExports } from './instantiate.js'
import { instantiate } from './instantiate.js'
import type { Settings } from './options.js'

export type Statistic = (typeof STATISTICS)[number]
export type Statistics = Record<Statistic, number>

/** Views of the parts of the core's memory that the wrapper reads and writes. */
interface Views {
  /** The scratch area in bytes, and in 16-bit code units. */
  readonly bytes: Uint8Array
  readonly units: Uint16Array
  readonly report: Float64Array
}

/** An instance of the core. It takes no memory before `start`. */
export class Core {
  readonly abi: CoreExports
  /** 128 bits that decide where users lie. */
  readonly key: Uint32Array
  readonly #settings: Settings
  readonly #module: CoreModule
  /** The reading of the clock since when users never seen are idle. */
  origin = 0
  /** Of the memory that there is once `start` has been called. */
  #views!: Views

  /**
   * Instantiates a compiled core.
   *
   * @param key random, if not given
   * @throws {TypeError} if the module is not Spillway's core
   * @throws {RangeError} if the platform has no room for another WebAssembly memory
   */
  constructor(module: CoreModule, settings: Settings, key = randomKey()) {
    this.key = key
    this.#module = module
    this.#settings = settings
    try {
      this.abi = instantiate(module)
    } catch (error) {
      throw error instanceof TypeError ? error : outOfMemory(settings, error)
    }
  }

  /**
   * Takes memory and makes the instance ready for decisions.
   *
   * @param origin the reading of the clock since when users never seen are idle
   * @throws {RangeError} if there is no memory
   */
  start(origin: number): this {
    const { quota, maxUsers, onFull } = this.#settings
    const { limit, windowMs, capacity, refillPerSecond } = quota
    const policy = ON_FULL.indexOf(onFull)
    if (!this.abi.init(maxUsers, limit, windowMs, capacity, refillPerSecond, policy, origin)) {
      throw outOfMemory(this.#settings)
    }
    const [a, b, c, d] = this.key
    this.abi.setKey(a, b, c, d)
    this.origin = origin
    this.#views = view(this.abi.memory)
    return this
  }

  /**
   * An instance without users that goes on where this one is: same key, same time.
   *
   * @throws {RangeError} if there is no memory for it
   */
  successor(): Core {
    const core = new Core(this.#module, this.#settings, this.key).start(this.origin)
    const { latest, peakUsers, peakPages } = this.statistics()
    core.abi.resume(latest, peakUsers, peakPages)
    return core
  }

  /** Current views. Growth of memory detaches old ones, so nobody may keep them over a call of the core. */
  get views(): Views {
    if (this.#views.bytes.length === 0) this.#views = view(this.abi.memory)
    return this.#views
  }

  /** What the core's `stats` reports. */
  statistics(): Statistics {
    this.abi.stats()
    const { report } = this.views
    const statistics = {} as Statistics
    STATISTICS.forEach((name, at) => {
      statistics[name] = report[at]
    })
    return statistics
  }

  /**
   * Moves the user of a slot here from another instance, if that has it.
   *
   * @param forced whether somebody leaves if there is no memory for the user
   * @returns false if there is none, and the user is still there
   */
  moveUser(slot: number, from: Core, forced: boolean): boolean {
    return this.#insert(from.abi.extract(this.abi.handleLow(slot), this.abi.handleHigh(slot)), from, forced)
  }

  /** Likewise any user of another instance. */
  moveAnyUser(from: Core, forced: boolean): boolean {
    return this.#insert(from.abi.extractAny(), from, forced)
  }

  /** Both instances together hold no more than `maxUsers`. */
  leaveRoomFor(other: Core): void {
    this.abi.setMaxUsers(this.#settings.maxUsers - other.abi.userCount())
  }

  /** Adds the user whose record lies in the scratch area of the other instance, if there is one. */
  #insert(bytes: number, from: Core, forced: boolean): boolean {
    if (bytes === 0) return true
    this.leaveRoomFor(from)
    this.views.bytes.set(from.views.bytes)
    if (this.abi.addUsers(bytes, Number(forced)) > 0) return true
    // It has just left, so there is room for it where it was.
    from.abi.addUsers(bytes, 1)
    this.leaveRoomFor(from)
    return false
  }
}

// At loading, not at the first decision: Node takes some milliseconds to load its `crypto` when that is first used.
function randomKey(): Uint32Array {
  return crypto.getRandomValues(new Uint32Array(4))
}

export function outOfMemory({ maxUsers }: Settings, cause?: unknown): RangeError {
  return new RangeError(`maxUsers: this platform has no memory for another limiter, of up to ${maxUsers}`, { cause })
}

function view({ buffer }: WebAssembly.Memory): Views {
  return {
    bytes: new Uint8Array(buffer, SCRATCH, SCRATCH_SIZE),
    units: new Uint16Array(buffer, SCRATCH, SCRATCH_SIZE / 2),
    report: new Float64Array(buffer, REPORT, REPORT_LENGTH),
  }
}
