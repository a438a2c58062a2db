/**
 * SipHash-1-3: a keyed hash that turns the code units of an id into its 64-bit handle.
 *
 * Under a secret random key nobody can choose ids that share a handle or crowd into one page, which is what an
 * unkeyed hash would allow (hash flooding). One compression and three finalization rounds are the variant that
 * Rust, Python and Ruby use for their hash tables. J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input
 * PRF", INDOCRYPT 2012, https://www.aumasson.jp/siphash/siphash.pdf
 *
 * Ids of one byte a code unit (Latin-1) and of two are hashed in two domains, since the bytes of one may equal
 * those of the other. The wide domain differs by `v1 ^= 0xee`, as the authors' 128-bit variant differs from the
 * 64-bit one.
 *
 * An id longer than the scratch area comes in chunks: `begin`, `absorb` with multiples of eight bytes, `finish`
 * with the rest.
 */
import { SCRATCH } from './layout'

let key0: u64 = 0
let key1: u64 = 0

let v0: u64 = 0
let v1: u64 = 0
let v2: u64 = 0
let v3: u64 = 0
let absorbed: usize = 0

/** Sets the 128-bit key. */
export function setKey(a: u32, b: u32, c: u32, d: u32): void {
  key0 = <u64>a | ((<u64>b) << 32)
  key1 = <u64>c | ((<u64>d) << 32)
}

/** Starts a hash; `wide` when the code units take two bytes each. */
export function begin(wide: bool): void {
  v0 = key0 ^ 0x736f6d6570736575
  v1 = key1 ^ 0x646f72616e646f6d
  v2 = key0 ^ 0x6c7967656e657261
  v3 = key1 ^ 0x7465646279746573
  if (wide) v1 ^= 0xee
  absorbed = 0
}

/** Takes `bytes` from the scratch area: a multiple of eight. */
export function absorb(bytes: usize): void {
  assert((bytes & 7) == 0)
  compress(SCRATCH + bytes, 0)
  absorbed += bytes
}

/** Takes the last `bytes` from the scratch area and gives the handle. */
export function finish(bytes: usize): u64 {
  const tailAt = SCRATCH + (bytes & ~7)
  const bits = (bytes & 7) << 3
  // Whatever lies behind the part, of an earlier id or behind the scratch area, is masked off.
  const tail = load<u64>(tailAt) & (((<u64>1) << bits) - 1)
  store<u64>(tailAt, tail | ((<u64>(absorbed + bytes)) << 56))
  // The rounds of finalization are those of a word of zeros.
  store<u64>(tailAt, 0, 8)
  store<u64>(tailAt, 0, 16)
  store<u64>(tailAt, 0, 24)
  compress(tailAt + 32, tailAt + 8)
  const hash = v0 ^ v1 ^ v2 ^ v3
  // 0 marks a free slot, so one handle stands for two hashes.
  return hash == 0 ? 1 : hash
}

/**
 * Takes the words from the scratch area up to `end`, one round each; those from `finalAt` on finalize. The state is in
 * local variables meanwhile, since engines do not keep globals in registers.
 */
function compress(end: usize, finalAt: usize): void {
  let a = v0
  let b = v1
  let c = v2
  let d = v3
  for (let at = SCRATCH; at < end; at += 8) {
    if (at == finalAt) c ^= 0xff
    const word = load<u64>(at)
    d ^= word
    a += b
    c += d
    b = rotl(b, 13) ^ a
    d = rotl(d, 16) ^ c
    a = rotl(a, 32)
    c += b
    a += d
    b = rotl(b, 17) ^ c
    d = rotl(d, 21) ^ a
    c = rotl(c, 32)
    a ^= word
  }
  v0 = a
  v1 = b
  v2 = c
  v3 = d
}
