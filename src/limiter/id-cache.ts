/**
 * From user id to handle: a keyed 64-bit hash, computed in the core, with a small memo in front of it.
 *
 * The memo is a direct-mapped cache: no table of all ids is kept, and nothing has to be freed. An id that is not in the
 * memo costs a copy of its code units and a hash. To keep a stream of ids never seen again cheap (each memo write of a
 * string is a store that the garbage collector must know of), a slot takes an id only on the second miss in a row with the
 * same tag.
 *
 * It is made on first use and grows by need: where misses come to twice its slots, it is made anew with twice as many.
 * Where ids come back too seldom even for the largest, the memo costs more than it saves: cache lines, and branches that
 * nothing predicts. So it is left out for a while when a period has shown few hits, and then given another.
 */
import { PASSING, SCRATCH_SIZE } from './abi.js'
import type { Core } from './core.js'
import { flat } from './flat.js'
import { checkId } from './validation.js'

/** Slots of the smallest and the largest memo, as powers of two; and slots for each user that there may be, likewise. */
const FEWEST_BITS = 8
const MOST_BITS = 15
const BITS_A_USER = 2

/** Ids that a limiter is asked about before it makes a memo. */
const BEFORE_MEMO = 16

/** An odd number near 2^32 / golden ratio, which spreads neighbours far apart: Knuth's multiplicative hashing. */
const SPREAD = 0x9e3779b1

/** The bits of a spread that make a tag. */
const TAG_BITS = 16
const TAG_MASK = 0xffff

/** Wraps the hit count, which may grow for years between misses: V8 allocates integers above this. */
const SMALL = 0x3fffffff

/** Longer ids are not kept in the memo: comparing them costs as much as hashing, and they would be held in memory. */
const LONGEST_KEPT = 128

/** Misses in a period, and the fewest hits for which the largest memo pays. */
export const PERIOD = 4096
const ENOUGH_HITS = PERIOD / 2

/** Ids that are hashed without a look at the memo after a period with too few hits. */
export const LEFT_OUT = 16 * PERIOD

export class IdCache {
  readonly #core: Core
  readonly #mostBits: number
  /** Slots of the memo, as a power of two; and what takes them from a spread. */
  #bits = FEWEST_BITS - 1
  #shift = 0
  /** The ids whose handles the core remembers, by slot less one. */
  #ids: (string | undefined)[] = []
  /** Likewise the tag of the id that is kept, and, in the high half, that of the last id that was not. */
  #tags = new Uint32Array()

  #hits = 0
  #misses = 0
  /** Ids still to be hashed without a look at the memo. */
  #leftOut = BEFORE_MEMO

  constructor(core: Core, maxUsers: number) {
    this.#core = core
    const bits = 32 - Math.clz32(maxUsers) + BITS_A_USER
    this.#mostBits = Math.max(FEWEST_BITS, Math.min(MOST_BITS, bits))
  }

  /**
   * Finds the handle of an id.
   *
   * @returns the slot in which the core has it until the next call
   * @throws {TypeError} if the id is not a string
   */
  resolve(id: string): number {
    checkId(id)
    if (this.#leftOut > 0) return this.#pass(id)
    const spread = spreadOf(id)
    const index = spread >>> this.#shift
    const tags = this.#tags[index]
    const tag = spread & TAG_MASK
    // The tag first: to compare strings that differ, memory of both has to be read.
    if ((tags & TAG_MASK) === tag && this.#ids[index] === id) {
      this.#hits = (this.#hits + 1) & SMALL
      return index + 1
    }
    return this.#miss(id, index, tags, tag)
  }

  /** Hashes an id without a look at the memo. */
  #pass(id: string): number {
    // In this order: new slots forget what was remembered in those before.
    if (--this.#leftOut === 0 && this.#bits < FEWEST_BITS) this.#grow()
    this.#hash(id, PASSING)
    return PASSING
  }

  #miss(id: string, index: number, tags: number, tag: number): number {
    if (++this.#misses >= this.#missesOfPeriod()) {
      this.#endPeriod()
      this.#hash(id, PASSING)
      return PASSING
    }
    if (tags >>> TAG_BITS !== tag || id.length > LONGEST_KEPT) {
      this.#tags[index] = (tag << TAG_BITS) | (tags & TAG_MASK)
      this.#hash(id, PASSING)
      return PASSING
    }
    // Hash first: if it throws, the slot still belongs to the previous id.
    this.#hash(id, index + 1)
    this.#ids[index] = flat(id)
    this.#tags[index] = (tag << TAG_BITS) | tag
    return index + 1
  }

  /** A memo that is not the largest is judged by misses alone, which come to twice its slots once it is too small. */
  #missesOfPeriod(): number {
    return this.#bits < this.#mostBits ? 2 << this.#bits : PERIOD
  }

  #endPeriod(): void {
    if (this.#bits < this.#mostBits) this.#grow()
    else if (this.#hits < ENOUGH_HITS) this.#leftOut = LEFT_OUT
    this.#hits = 0
    this.#misses = 0
  }

  /** Makes the memo anew, empty, with twice as many slots, if the core has memory for them. */
  #grow(): void {
    const slots = 2 << this.#bits
    if (!this.#core.abi.setSlots(slots)) {
      this.#leftOut = LEFT_OUT
      return
    }
    this.#bits++
    this.#shift = 32 - this.#bits
    this.#ids = new Array(slots).fill(undefined)
    this.#tags = new Uint32Array(slots)
  }

  /** Has the core hash an id and remember its handle. */
  #hash(id: string, slot: number): void {
    const { abi, views } = this.#core
    const { length } = id
    if (length <= SCRATCH_SIZE && writeNarrow(views.bytes, id, 0, length)) {
      abi.rememberWhole(slot, length, 0)
    } else if (length <= SCRATCH_SIZE / 2) {
      writeWide(views.units, id, 0, length)
      abi.rememberWhole(slot, 2 * length, 1)
    } else {
      abi.remember(slot, this.#absorb(id, !isNarrow(id)))
    }
  }

  /** Feeds a long id to the hash but for its end, of which it gives the bytes. */
  #absorb(id: string, wide: boolean): number {
    const { abi, views } = this.#core
    const chunk = wide ? views.units.length : views.bytes.length
    const write = (from: number, count: number) =>
      wide ? writeWide(views.units, id, from, count) : writeNarrow(views.bytes, id, from, count)
    abi.begin(wide ? 1 : 0)
    let at = 0
    for (; id.length - at > chunk; at += chunk) {
      write(at, chunk)
      abi.absorb(SCRATCH_SIZE)
    }
    const rest = id.length - at
    write(at, rest)
    return wide ? 2 * rest : rest
  }
}

/**
 * Spreads ids over 32 bits by their length, their last code units, where most ids differ, and those before the middle,
 * for ids that end alike, as addresses of one domain do. The slot is taken from the top, the tag from the bottom.
 */
function spreadOf(id: string): number {
  const end = id.length
  let last = end
  let middle = end
  if (end >= 6) {
    const half = end >> 1
    last = id.charCodeAt(end - 1) | (id.charCodeAt(end - 2) << 8) | (id.charCodeAt(end - 3) << 16)
    middle = id.charCodeAt(half - 1) | (id.charCodeAt(half - 2) << 8) | (id.charCodeAt(half - 3) << 16)
  } else {
    for (let at = 0; at < end; at++) last = (last << 5) + id.charCodeAt(at)
  }
  const spread = Math.imul(last ^ Math.imul(middle ^ end, SPREAD), SPREAD)
  return spread ^ (spread >>> 15)
}

/** Writes code units as bytes, four a round, which is faster than one. False if one takes two bytes. */
function writeNarrow(bytes: Uint8Array, id: string, from: number, count: number): boolean {
  let seen = 0
  let i = 0
  for (; i + 3 < count; i += 4) {
    const first = id.charCodeAt(from + i)
    const second = id.charCodeAt(from + i + 1)
    const third = id.charCodeAt(from + i + 2)
    const fourth = id.charCodeAt(from + i + 3)
    seen |= first | second | third | fourth
    bytes[i] = first
    bytes[i + 1] = second
    bytes[i + 2] = third
    bytes[i + 3] = fourth
  }
  for (; i < count; i++) {
    const unit = id.charCodeAt(from + i)
    seen |= unit
    bytes[i] = unit
  }
  return seen <= 0xff
}

function writeWide(units: Uint16Array, id: string, from: number, count: number): void {
  for (let i = 0; i < count; i++) units[i] = id.charCodeAt(from + i)
}

function isNarrow(id: string): boolean {
  for (let i = 0; i < id.length; i++) if (id.charCodeAt(i) > 0xff) return false
  return true
}
