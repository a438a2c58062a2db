/**
 * Where every byte of linear memory lies. Nothing here computes; the other files of the core agree on it.
 *
 *     0          HEAP                        DIRECTORY       (4 KB boundary)
 *     | reserved | report, depth counts, | directory ...    | page | page | page | ...     memory end
 *                | scratch, slots, copy    | u32 page numbers | 4,096 bytes each
 *
 * A page is either a table page, which holds users, or a ring page, which holds ring blocks (`blocks.ts`).
 * A page number is an address divided by 4,096, so it also tells where the page is.
 *
 *     table page     | header 64 B | user 0 | user 1 | ... | user 62 |        = 4,096 B, one TLB entry
 *
 *     user           | handle u64 | last f64 | debt f64 | block u32 | head u8 | cells u8 | front u8 | behind u8 |
 *     (64 B)         0            8          16         24          28        29         30         31
 *                    | ring 16 x u16 |                             or, with a block: | front 14 x u16 | newest u32 |
 *                    32             64                                               32               60         64
 *
 * A user fills one cache line, which is all of the table that a decision reads but for every fourteenth about a user
 * with more than 16 requests in the window. Invariants: a handle of 0 marks a free slot; the users of a page have handles
 * whose low `depth` bits are the page's `prefix`; between a user's home slot and its slot there is no free slot.
 */

/** Bytes of a page, and the shift from page number to address. */
export const PAGE_SIZE: usize = 4096
export const PAGE_SHIFT: usize = 12

/** Bytes at the start of a page that belong to its header. */
export const HEADER_SIZE: usize = 64

/** Bytes of a user, and the shift from slot to offset. */
export const USER_SIZE: usize = 64
export const USER_SHIFT: usize = 6

/** Users that fit a page. */
export const PAGE_USERS: u32 = 63

/** Offset of the inline ring in a user, and the cells it has. */
export const INLINE_RING: usize = 32
export const INLINE_CELLS: u32 = 16

/** The cells that the ring's place has for the oldest admissions of a user with a block. */
export const FRONT_CELLS: u32 = 14

/** Cells a ring block has at most; a limit above it makes each cell stand for several admissions. */
export const MAX_CELLS: u32 = 64

/** The depth of the deepest directory: 2^28 entries would be a directory of a gigabyte. */
export const MAX_DEPTH: u32 = 28

/** Where the layout begins: above static data, which only the debug build has, and a constant so that addresses are. */
export const HEAP: usize = 4096

/** The report, 16 f64, that the wrapper reads results from. */
export function reportAt(): usize {
  return HEAP
}

/** The record that stands for a user never seen, in questions that must not store one. */
export function newUserAt(): usize {
  return HEAP + 128
}

/** For each directory depth, how many table pages have it: 32 u32. */
export function depthCountsAt(): usize {
  return HEAP + 192
}

/** Bytes of the scratch area that ids are written to. A multiple of 8, so that chunks of a long id are too. */
export const SCRATCH_SIZE: usize = 1024

/** Bytes behind it, in which a hash lays its last words. */
const SCRATCH_SLACK: usize = 32

export function scratchAt(): usize {
  return HEAP + 320
}

/**
 * What is remembered for the wrapper, so that no handle has to cross to it: it names users by slot. The last slot is
 * for a user who is not remembered.
 */
export const SLOTS: usize = 32768 + 1

/** A handle, and where its user was last found. */
@unmanaged
export class Remembered {
  handle: u64
  /** An address; the user is still there if the handle is. 0: never found. */
  user: u32
  unused: u32
}

export function rememberedAt(slot: u32): Remembered {
  return changetype<Remembered>(scratchAt() + SCRATCH_SIZE + SCRATCH_SLACK + ((<usize>slot) << 4))
}

/** Room for a copy of one page, used while it splits. */
export function splitCopyAt(): usize {
  return changetype<usize>(rememberedAt(SLOTS + 1))
}

export function directoryAt(): usize {
  return splitCopyAt() + PAGE_SIZE
}

/** A user's state, laid over its 64 bytes. */
@unmanaged
export class User {
  /** Keyed 64-bit hash of the id; 0: the slot is free. */
  handle: u64
  /** When the user last asked, admitted or denied, in ms since the limiter was loaded. */
  last: f64
  /** What the user's tokens are short of one token for each 1,000 / refill ms since loading, in thousandths. */
  debt: f64
  /** Address of the borrowed ring block; 0: the inline ring is in use. */
  block: u32
  /** Cell of the oldest admission: in the inline ring, or in the front. */
  head: u8
  /** Cells in use. */
  cells: u8
  /** With a block: how many of them are in the front. */
  front: u8
  /** With a block: the cell in it that follows the front. */
  behind: u8
  /** The inline ring; with a block, the front. */
  ring0: u64
  ring1: u64
  ring2: u64
  ring3: u32
  /** With a block: admissions that the newest cell stands for. */
  newest: u32
}

/** The header of a page. A table page uses the first four fields, a ring page the others, a free page `next`. */
@unmanaged
export class Page {
  /** How many low bits of a handle this page goes by. */
  depth: u32
  /** Those bits. With `depth` they tell whether the page still owns a handle. */
  prefix: u32
  /** Users in the page; ring page: blocks lent out. */
  count: u32
  /** Next and previous page of the list that this page is in; 0: none. */
  next: u32
  previous: u32
  /** Ring page: address of the first block that came back; 0: none. */
  returned: u32
  /** Ring page: address of the first block never lent. */
  fresh: u32
}

export function pageAt(number: u32): Page {
  return changetype<Page>((<usize>number) << PAGE_SHIFT)
}

export function pageNumber(page: Page): u32 {
  return <u32>(changetype<usize>(page) >> PAGE_SHIFT)
}

export function userAt(page: Page, slot: u32): User {
  return changetype<User>(changetype<usize>(page) + HEADER_SIZE + ((<usize>slot) << USER_SHIFT))
}
