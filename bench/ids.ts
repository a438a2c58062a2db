/**
 * User ids as flat strings, made of bytes that came in: either once and used again, or fresh for a decision. A fresh
 * string carries no hash that an earlier look-up left in it, and is equal to no other by address. A service that
 * parses ids out of requests has no others.
 */

/** The shape of ids: 36 characters like a UUID, or `user_` and a number. */
export type IdKind = 'uuid' | 'short'

const LONGEST = 36
const HEX = Buffer.from('0123456789abcdef', 'latin1')
const HYPHEN = 0x2d
const SHORT_PREFIX = Buffer.from('user_', 'latin1')

/** Makes ids in batches: their bytes first, at leisure, and then the strings, whose making can be timed. */
export class IdMaker {
  readonly #kind: IdKind
  readonly #bytes: Buffer
  readonly #ends: Uint32Array
  #count = 0
  /** The strings of the last batch. One array for all batches, so that making ids leaves no arrays behind. */
  readonly strings: string[]

  constructor(kind: IdKind, batch: number) {
    this.#kind = kind
    this.#bytes = Buffer.alloc(batch * LONGEST)
    this.#ends = new Uint32Array(batch)
    this.strings = new Array<string>(batch).fill('')
  }

  /** Lays down the bytes of the ids of `users[from]` and on. */
  prepare(users: Uint32Array, from: number, count: number): void {
    this.#layDown(count, (at) => users[(from + at) % users.length]!)
  }

  /** Makes the strings of the batch that was prepared: this is the cost of an id to the service itself. */
  make(): void {
    let start = 0
    for (let at = 0; at < this.#count; at++) {
      const end = this.#ends[at]!
      this.strings[at] = this.#bytes.toString('latin1', start, end)
      start = end
    }
  }

  /** Makes the strings of the users numbered `from` and on, in one batch. */
  makeRun(from: number, count: number): void {
    this.#layDown(count, (at) => from + at)
    this.make()
  }

  /** Makes the strings of the users numbered `from` and on, batch by batch: gives how many each holds. */
  *makeBatches(from: number, count: number): Generator<number> {
    const batch = this.strings.length
    for (let made = 0; made < count; made += batch) {
      const length = Math.min(batch, count - made)
      this.makeRun(from + made, length)
      yield length
    }
  }

  #layDown(count: number, userAt: (at: number) => number): void {
    this.#count = count
    const write = this.#kind === 'uuid' ? writeUuid : writeShort
    let end = 0
    for (let at = 0; at < count; at++) {
      end = write(this.#bytes, end, userAt(at))
      this.#ends[at] = end
    }
  }
}

/** The ids of all users below `users`, made once. */
export function makeIds(kind: IdKind, users: number): string[] {
  const maker = new IdMaker(kind, 4096)
  const ids = new Array<string>(users).fill('')
  let user = 0
  for (const count of maker.makeBatches(0, users)) {
    for (let at = 0; at < count; at++) ids[user++] = maker.strings[at]!
  }
  return ids
}

/** 32 hexadecimal digits that look random and are a function of the user's number alone, in groups as in a UUID. */
function writeUuid(bytes: Buffer, at: number, user: number): number {
  let position = at
  for (let word = 0; word < 4; word++) {
    const digits = mix(Math.imul(user, 4) + word)
    for (let shift = 28; shift >= 0; shift -= 4) {
      const offset = position - at
      if (offset === 8 || offset === 13 || offset === 18 || offset === 23) bytes[position++] = HYPHEN
      bytes[position++] = HEX[(digits >>> shift) & 15]!
    }
  }
  return position
}

function writeShort(bytes: Buffer, at: number, user: number): number {
  let position = at
  for (const char of SHORT_PREFIX) bytes[position++] = char
  let digits = 1
  for (let rest = user; rest >= 10; rest = Math.floor(rest / 10)) digits++
  let rest = user
  for (let place = position + digits - 1; place >= position; place--) {
    bytes[place] = 0x30 + (rest % 10)
    rest = Math.floor(rest / 10)
  }
  return position + digits
}

/** A bijection of 32-bit numbers (the finalizer of MurmurHash3): distinct users get distinct ids. */
function mix(value: number): number {
  let mixed = (value ^ 0x5bd1e995) >>> 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
