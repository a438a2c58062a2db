/**
 * Where every byte of linear memory lies. Nothing here computes; the other files of the core agree on it.
 *
 *     0                                                          4,096       8,192 (FIRST_PAGE)
 *     | 64 zeros, new user, report, depth counts, scratch,         | copy of   | page | page | page | ...     memory end
 *     | slot for passing users, first directory, stand-in, debug | one page  | 4,096 bytes each
 *
 * A limiter with few users touches two of these pages only, since the first touch of each costs some microseconds. The
 * zeros are nobody's record: a user who was never found is looked for there.
 * A page is one of these: a table page, which holds users; a ring page, which holds ring blocks (`blocks.ts`); or part of
 * a run of pages that holds the directory (`directory.ts`) or the slots (`slots.ts`). A page number is an address divided
 * by 4,096, so it also tells where the page is.
 *
 *     table page     | header 64 B | user 0 | user 1 | ... | user 62 |        = 4,096 B, one TLB entry
 *
 *     user           | handle u64 | last f64 | tokens f64 | block u32 | head u8 | cells u8 | front u8 | behind u8 | ring |
 *     (64 B)         0            8          16           24          28        29         30         31          32    64
 *
 *     ring, no block            | 16 x u16, one admission each                                     |  `window.ts`
 *     ring, block, limit <= 64  | front 14 x u16                              | unused             |  `ring.ts`
 *     ring, block, limit > 64   | oldest u16 | previous u16 | newest u16 | .. | newestCount u32 | total u32 | unused |  `bins.ts`
 *
 * A user fills one cache line, usually all a decision reads; above 16 requests in the window, every fourteenth decision
 * also reads the block. Invariants: a handle of 0 marks a free slot; the users of a page have handles whose low `depth`
 * bits are the page's `prefix`; between a user's home slot and its slot there is no free slot.
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

/** Cells a ring block has at most. Up to this limit each admission has a cell of its own. */
export const MAX_CELLS: u32 = 64

/** The depth of the deepest directory: 2^28 entries would be a directory of a gigabyte. */
export const MAX_DEPTH: u32 = 28

/** The record that stands for a user never seen, in questions that must not store one. */
export const NEW_USER: usize = 64

/** The report, `REPORT_LENGTH` f64, that the wrapper reads results from: `report.ts`. */
export const REPORT: usize = 128

/** For each directory depth, how many table pages have it: 32 u32. */
export const DEPTH_COUNTS: usize = 256

/** Where ids are written to be hashed, and where a user who moves is laid. */
export const SCRATCH: usize = 384

/** Bytes of it. A multiple of 8, so that chunks of a long id are too. A hash lays its last words in 32 bytes behind it. */
export const SCRATCH_SIZE: usize = 1024

/** The slot for a user who is not remembered, before there are others: `slots.ts`. */
export const PASSING_SLOT: usize = SCRATCH + SCRATCH_SIZE + 32

/** The directory of a small table: 2^6 u32. */
export const FIRST_DIRECTORY: usize = 1472
export const FIRST_DIRECTORY_DEPTH: u32 = 6

/** The copy of a user that is looked at in its stead: `lockout.ts`. */
export const STAND_IN: usize = FIRST_DIRECTORY + ((<usize>4) << FIRST_DIRECTORY_DEPTH)

/** Static data, which only the debug build has, lies from here (`memoryBase` in asconfig.json) to the end of the page. */
export const STATIC_DATA_END: usize = PAGE_SIZE

/** Room for a copy of one page, used while it splits; and of one window, while it is recorded anew. */
export const SPLIT_COPY: usize = PAGE_SIZE

/** The number of the first page. */
export const FIRST_PAGE: u32 = 2

/** Offset of the end of a lockout in a user, and the inline cells before it: `lockout.ts`. */
export const UNTIL: usize = 56
export const LOCKED_CELLS: u32 = 12

/** A user's state, laid over its 64 bytes. */
@unmanaged
export class User {
  /** Keyed 64-bit hash of the id; 0: the slot is free. */
  handle: u64
  /** When the user last asked, admitted or denied, in ms since the limiter was loaded; negative: `lockout.ts`. */
  last: f64
  /** Burst tokens at `last`, in thousandths; Infinity: as many as a user never seen has. */
  tokens: f64
  /** Address of the borrowed ring block; 0: the inline ring is in use. */
  block: u32
  /** Cell of the oldest admission: in the inline ring, in the front, or, with bins, in the block. */
  head: u8
  /** Cells in use. */
  cells: u8
  /** With a ring in a block: how many of them are in the front. */
  front: u8
  /** With a ring in a block: the cell in it that follows the front. */
  behind: u8
  ring0: u64
  ring1: u64
  ring2: u64
  ring3: u64
}

/** The header of a page. A table page uses the first three fields, a ring page the others, a free page `next`. */
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
