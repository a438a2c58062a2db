/**
 * Bins: the admissions of a user with more than 16 of them in the window, under a limit above 64. A bin stands for any
 * number of admissions and carries the time of the latest, so none of them comes back early.
 *
 *     user    | oldest | previous | newest u16 | newestCount | total u32 |    the times of three bins, and the newest bin
 *     block   | 64 x u16: times | 64 x u32: counts |                          a ring from `head` on, without the newest bin
 *
 * Up to 64 different ticks have a bin each, so the first 64 admissions in the window are exact. When all bins are taken,
 * neighbours merge. A bin of the admissions after t[i-1] up to t[i+1] holds them late by less than t[i+1] - t[i-1]. Over
 * the 62 pairs of neighbours of 64 bins these spans add up to at most two windows, so the least is at most a 31st of the
 * window. Only pairs within `SPAN` merge, so no admission is ever held later than that.
 *
 * What a decision looks at is kept in the user: the block is read when a bin expires, and written when one is added.
 */
import { inlineCell } from './inline-cells'
import { INLINE_CELLS, INLINE_RING, MAX_CELLS, User } from './layout'
import { TICKS } from './quota'
import { age, expired } from './ticks'

/** Most ticks that a bin may span. */
const SPAN: i32 = <i32>(TICKS / 31)

/** Bytes of a block: times, then counts. */
export const BINS_SIZE: u32 = MAX_CELLS * 6

const COUNTS: usize = <usize>MAX_CELLS * 2

/** What of the bins lies in the user. */
@unmanaged
class Bins {
  /** Times of the oldest bin, of the one before the newest, and of the newest. */
  oldest: u16
  previous: u16
  newest: u16
  unused: u16
  /** Admissions of the newest bin, and of all. */
  newestCount: u32
  total: u32
}

function binsOf(user: User): Bins {
  return changetype<Bins>(changetype<usize>(user) + INLINE_RING)
}

/** How many of the oldest bins have expired at `tick`. */
export function expiredBins(user: User, tick: u32): u32 {
  if (!expired(binsOf(user).oldest, tick)) return 0
  const bins = <u32>user.cells
  let index: u32 = 1
  while (index < bins && expired(timeAt(user, index), tick)) index++
  return index
}

/** Admissions of all bins. */
export function countInBins(user: User): u32 {
  return binsOf(user).total
}

/** Admissions in the window once the oldest `gone` bins are gone. */
export function countWithoutBins(user: User, gone: u32): u32 {
  let count = binsOf(user).total
  for (let index: u32 = 0; index < gone; index++) count -= countAt(user, index)
  return count
}

/** The time of the `index`th oldest bin. */
export function timeAt(user: User, index: u32): u32 {
  return index + 1 == <u32>user.cells ? <u32>binsOf(user).newest : <u32>load<u16>(timeOfBin(user, index))
}

/** Drops the oldest `gone` bins, of more. */
export function dropBins(user: User, gone: u32): void {
  const bins = binsOf(user)
  bins.total = countWithoutBins(user, gone)
  user.head = <u8>((<u32>user.head + gone) & (MAX_CELLS - 1))
  user.cells -= <u8>gone
  bins.oldest = <u16>timeAt(user, 0)
}

/** Adds `places` admissions. */
export function pushToBins(user: User, places: u32, entry: u32): void {
  const bins = binsOf(user)
  bins.total += places
  if (user.cells == 0) {
    bins.oldest = <u16>entry
    bins.newest = <u16>entry
    bins.newestCount = places
    user.cells = 1
    return
  }
  if (<u32>bins.newest == entry) {
    bins.newestCount += places
    return
  }
  if (<u32>user.cells == MAX_CELLS) {
    if (span(bins.previous, entry) <= SPAN) {
      bins.newest = <u16>entry
      bins.newestCount += places
      return
    }
    writeNewest(user)
    merge(user)
  } else {
    writeNewest(user)
  }
  bins.previous = load<u16>(timeOfBin(user, user.cells - 1))
  bins.newest = <u16>entry
  bins.newestCount = places
  user.cells++
}

/** Moves the inline admissions to a block. */
export function startBins(user: User, block: u32): void {
  // They lie where the user's part of the bins is going to, so they are read from a copy: behind the counts of 16 bins.
  const singles = <u32>user.cells
  const copy = <usize>block + COUNTS + ((<usize>INLINE_CELLS) << 2)
  for (let i: u32 = 0; i < singles; i++) {
    store<u16>(copy + ((<usize>i) << 1), load<u16>(inlineCell(user, (<u32>user.head + i) & (INLINE_CELLS - 1))))
  }
  user.block = block
  user.head = 0
  user.cells = 0
  binsOf(user).total = 0
  for (let i: u32 = 0; i < singles; i++) pushToBins(user, 1, load<u16>(copy + ((<usize>i) << 1)))
}

/** Merges neighbours of 64 bins wherever they are within the span, in pairs: one such pair there is. */
function merge(user: User): void {
  let kept: u32 = 1
  let before = load<u16>(timeOfBin(user, 0))
  for (let index: u32 = 1; index < MAX_CELLS; index++) {
    let time = load<u16>(timeOfBin(user, index))
    let count = load<u32>(countOfBin(user, index))
    if (index + 1 < MAX_CELLS) {
      const next = load<u16>(timeOfBin(user, index + 1))
      if (span(before, next) <= SPAN) {
        time = next
        index++
        count += load<u32>(countOfBin(user, index))
      }
    }
    store<u16>(timeOfBin(user, kept), time)
    store<u32>(countOfBin(user, kept), count)
    before = time
    kept++
  }
  assert(kept < MAX_CELLS)
  user.cells = <u8>kept
}

/** Writes the newest bin, which lies in the user, to its place in the block. */
function writeNewest(user: User): void {
  const bins = binsOf(user)
  store<u16>(timeOfBin(user, user.cells - 1), bins.newest)
  store<u32>(countOfBin(user, user.cells - 1), bins.newestCount)
}

/** Admissions of the `index`th oldest bin. */
export function countAt(user: User, index: u32): u32 {
  return index + 1 == <u32>user.cells ? binsOf(user).newestCount : load<u32>(countOfBin(user, index))
}

function timeOfBin(user: User, index: u32): usize {
  return <usize>user.block + ((<usize>((<u32>user.head + index) & (MAX_CELLS - 1))) << 1)
}

function countOfBin(user: User, index: u32): usize {
  return <usize>user.block + COUNTS + ((<usize>((<u32>user.head + index) & (MAX_CELLS - 1))) << 2)
}

/** Ticks from one entry to a later one. */
function span(from: u32, to: u32): i32 {
  return age(from, to)
}
