/**
 * The one place that knows the core's ABI, instantiates it, and views its memory.
 */
import { instantiate } from '@assemblyscript/loader'
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
  key(a: number, b: number, c: number, d: number): void
  begin(wide: number): void
  absorb(bytes: number): void
  remember(slot: number, bytes: number): void
  decide(slot: number, reading: number, cost: number): number
  check(slot: number, reading: number, cost: number): number
  peek(slot: number, reading: number, cost: number): number
  tokens(slot: number, reading: number): number
  reset(slot: number, reading: number): void
  sweep(reading: number, pages: number): number
  restartSweep(): void
  growAhead(): void
  stats(): void
  reportAt(): number
  scratchAt(): number
}

/** Bytes of the scratch area that ids are hashed from: `SCRATCH_SIZE` of `assembly/layout.ts`. */
export const SCRATCH_SIZE = 1024

/** Slots that name users to the core, the last one for a user who is not remembered: `SLOTS` of `assembly/layout.ts`. */
export const SLOTS = 4097

/** Numbers in the report. */
const REPORT_LENGTH = 16

const ON_FULL: Record<OnFull, number> = { evict: 0, deny: 1, allow: 2 }

/** Views of the parts of the core's memory that the wrapper reads and writes. */
export interface Views {
  /** The scratch area in bytes, and in 16-bit code units. */
  readonly bytes: Uint8Array
  readonly units: Uint16Array
  /** The report. */
  readonly report: Float64Array
}

/** An instance of the core, ready for decisions. */
export class Core {
  readonly abi: CoreExports
  #views: Views

  private constructor(abi: CoreExports) {
    this.abi = abi
    this.#views = view(abi)
  }

  /**
   * Instantiates a compiled core under a key of its own. Users never seen are idle since `reading`.
   *
   * @throws {TypeError} if the module is not Spillway's core
   * @throws {RangeError} if the memory for `maxUsers` cannot be had
   */
  static async create(module: WebAssembly.Module, settings: Settings, reading: number): Promise<Core> {
    const exported = new Set(WebAssembly.Module.exports(module).map(({ name }) => name))
    if (!exported.has('decide') || !exported.has('growAhead')) {
      throw new TypeError('module must be the compiled spillway/core.wasm of this version; it lacks exports of it')
    }
    // Not the loader's own `exports`: they wrap every call in one with rest parameters, too slow for a decision.
    const { instance } = await instantiate(module, {})
    const abi = { ...instance.exports } as CoreExports
    const { maxUsers, limit, windowMs, capacity, refillPerSecond, onFull } = settings
    if (!abi.init(maxUsers, limit, windowMs, capacity, refillPerSecond, ON_FULL[onFull], reading)) {
      throw new RangeError(`maxUsers: the memory for ${maxUsers} users cannot be had here`)
    }
    const [a = 0, b = 0, c = 0, d = 0] = crypto.getRandomValues(new Uint32Array(4))
    abi.key(a, b, c, d)
    return new Core(abi)
  }

  /** Current views. Growth of memory detaches old ones, so nobody may keep them over a call of the core. */
  get views(): Views {
    if (this.#views.bytes.length === 0) this.#views = view(this.abi)
    return this.#views
  }
}

function view({ memory: { buffer }, scratchAt, reportAt }: CoreExports): Views {
  return {
    bytes: new Uint8Array(buffer, scratchAt(), SCRATCH_SIZE),
    units: new Uint16Array(buffer, scratchAt(), SCRATCH_SIZE / 2),
    report: new Float64Array(buffer, reportAt(), REPORT_LENGTH),
  }
}
