/** Snapshots by their format, as `docs/snapshot.md` has it: taken apart, put together, and given a checksum that holds. */

const HEADER = 88
const CHECKSUM = 8
const MASK = (1n << 64n) - 1n

/** The numbers of the header, by their offsets. */
export const OFFSETS = {
  magic: 0,
  version: 8,
  users: 16,
  limit: 24,
  windowMs: 32,
  capacity: 40,
  refillPerSecond: 48,
  age: 56,
  wallTime: 64,
} as const

export interface UserRecord {
  handle: bigint
  last: number
  tokens: number
  form: number
  end?: number
  /** Of each cell: the entry, and, with bit 2 of the form, the count. */
  cells: [entry: number, count?: number][]
}

/** The records of a snapshot. */
export function recordsOf(bytes: Uint8Array): UserRecord[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const records: UserRecord[] = []
  for (let at = HEADER; at < bytes.length - CHECKSUM; ) {
    const form = view.getUint8(at + 24)
    const record: UserRecord = {
      handle: view.getBigUint64(at, true),
      last: view.getFloat64(at + 8, true),
      tokens: view.getFloat64(at + 16, true),
      form,
      cells: [],
    }
    const cells = view.getUint8(at + 25)
    at += 26
    if (form & 1) {
      record.end = view.getFloat64(at, true)
      at += 8
    }
    for (let cell = 0; cell < cells; cell++) {
      const entry = view.getUint16(at, true)
      at += 2
      if (!(form & 2)) record.cells.push([entry])
      else {
        record.cells.push([entry, view.getUint32(at, true)])
        at += 4
      }
    }
    records.push(record)
  }
  return records
}

/** A snapshot with the header of another but for some numbers, of these records, with the checksum that it is to have. */
export function forge(
  like: Uint8Array,
  numbers: { [name in keyof typeof OFFSETS]?: number },
  records: readonly UserRecord[],
): Uint8Array {
  const parts = records.map(recordBytes)
  const length = HEADER + parts.reduce((sum, part) => sum + part.length, 0) + CHECKSUM
  const bytes = new Uint8Array(length)
  bytes.set(like.subarray(0, HEADER))
  const view = new DataView(bytes.buffer)
  view.setFloat64(OFFSETS.users, records.length, true)
  for (const [name, value] of Object.entries(numbers)) {
    view.setFloat64(OFFSETS[name as keyof typeof OFFSETS], value, true)
  }
  let at = HEADER
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return sealed(bytes)
}

function recordBytes({ handle, last, tokens, form, end, cells }: UserRecord): Uint8Array {
  const bytes = new Uint8Array(26 + (form & 1 ? 8 : 0) + cells.length * (form & 2 ? 6 : 2))
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, handle, true)
  view.setFloat64(8, last, true)
  view.setFloat64(16, tokens, true)
  view.setUint8(24, form)
  view.setUint8(25, cells.length)
  let at = 26
  if (form & 1) {
    view.setFloat64(at, end ?? 0, true)
    at += 8
  }
  for (const [entry, count = 1] of cells) {
    view.setUint16(at, entry, true)
    at += 2
    if (!(form & 2)) continue
    view.setUint32(at, count, true)
    at += 4
  }
  return bytes
}

/** The bytes with the checksum that the others have. */
export function sealed(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes)
  const end = copy.length - CHECKSUM
  const view = new DataView(copy.buffer)
  const hash = sipHash13(view.getBigUint64(72, true), view.getBigUint64(80, true), copy.subarray(0, end))
  view.setBigUint64(end, hash === 0n ? 1n : hash, true)
  return copy
}

/** SipHash-1-3, in the plainest way. */
function sipHash13(key0: bigint, key1: bigint, message: Uint8Array): bigint {
  let a = key0 ^ 0x736f6d6570736575n
  let b = key1 ^ 0x646f72616e646f6dn
  let c = key0 ^ 0x6c7967656e657261n
  let d = key1 ^ 0x7465646279746573n
  const round = () => {
    a = (a + b) & MASK
    c = (c + d) & MASK
    b = rotate(b, 13n) ^ a
    d = rotate(d, 16n) ^ c
    a = rotate(a, 32n)
    c = (c + b) & MASK
    a = (a + d) & MASK
    b = rotate(b, 17n) ^ c
    d = rotate(d, 21n) ^ a
    c = rotate(c, 32n)
  }
  const padded = new Uint8Array(Math.floor(message.length / 8) * 8 + 8)
  padded.set(message)
  padded[padded.length - 1] = message.length & 0xff
  const view = new DataView(padded.buffer)
  for (let at = 0; at < padded.length; at += 8) {
    const word = view.getBigUint64(at, true)
    d ^= word
    round()
    a ^= word
  }
  c ^= 0xffn
  for (let times = 0; times < 3; times++) round()
  return a ^ b ^ c ^ d
}

function rotate(word: bigint, by: bigint): bigint {
  return ((word << by) | (word >> (64n - by))) & MASK
}
