/**
 * The sliding window of one user: when it was admitted on the base quota, oldest first.
 *
 * Up to 16 admissions lie in the user itself, one a cell. A busier user borrows a block: a ring of cells (`ring.ts`), or,
 * under a limit above 64, bins (`bins.ts`). Where memory for a block cannot be had, a user gets no more than these 16.
 */
import {
  BINS_SIZE,
  countAt,
  countInBins,
  countWithoutBins,
  dropBins,
  expiredBins,
  pushToBins,
  startBins,
  timeAt,
} from './bins'
import { borrowBlock, canBorrow, initBlocks, returnBlock } from './blocks'
import { inlineCell } from './inline-cells'
import { INLINE_CELLS, SPLIT_COPY, User } from './layout'
import { clearMs, large, limit, TICKS } from './quota'
import { dropFromRing, pushToRing, ringCellAt, startRing } from './ring'
import { age, entryFor, expired, present, ticksAt, timeOf } from './ticks'

/** Sets the size of blocks for the quota. */
export function initWindow(): void {
  initBlocks(large ? BINS_SIZE : (limit * 2 + 7) & ~7)
}

/** How many of the oldest cells have expired at `time`. */
export function expiredAt(user: User, time: f64): u32 {
  return time - user.last > clearMs ? <u32>user.cells : expiredCells(user, ticksAt(time))
}

/** Likewise at a time in ticks that is not beyond `clearMs` after the user's last request. */
export function expiredCells(user: User, ticks: f64): u32 {
  const cells = <u32>user.cells
  const tick = present(ticks)
  if (large && user.block != 0) return expiredBins(user, tick)
  let gone: u32 = 0
  while (gone < cells && expired(load<u16>(cellAt(user, gone)), tick)) gone++
  return gone
}

/** Free base places under the limit `within` once the oldest `gone` cells are gone. */
export function freeWithout(user: User, gone: u32, within: u32): u32 {
  const free = placesUpTo(within, countWithout(user, gone))
  if (user.block != 0) return free
  const inline = INLINE_CELLS - (<u32>user.cells - gone)
  return free <= inline || canBorrow() ? free : inline
}

/** Admissions of all cells. */
export function count(user: User): u32 {
  return large && user.block != 0 ? countInBins(user) : <u32>user.cells
}

/** Admissions in the window once the oldest `gone` cells are gone. */
export function countWithout(user: User, gone: u32): u32 {
  if (gone == user.cells) return 0
  return large && user.block != 0 ? countWithoutBins(user, gone) : <u32>user.cells - gone
}

/** Places left under a limit, which those that are taken may exceed: it may be that of another request. */
export function placesUpTo(within: u32, taken: u32): u32 {
  return within > taken ? within - taken : 0
}

/** The entry of the `index`th oldest cell. */
export function entryAt(user: User, index: u32): u32 {
  return large && user.block != 0 ? timeAt(user, index) : <u32>load<u16>(cellAt(user, index))
}

/** The earliest time at which the `index`th oldest cell has expired. */
export function expiryOf(user: User, index: u32, ticks: f64): f64 {
  const entry = entryAt(user, index)
  return timeOf(floor(ticks) - <f64>age(entry, present(ticks)) + <f64>TICKS)
}

/** The earliest time from `now` on at which the window is empty. */
export function emptyAt(user: User, now: f64): f64 {
  return isEmpty(user, now) ? now : expiryOf(user, user.cells - 1, ticksAt(now))
}

/** Whether no admission is in the window. */
export function isEmpty(user: User, now: f64): bool {
  return expiredAt(user, now) == user.cells
}

/** Drops the oldest `gone` cells. */
export function drop(user: User, gone: u32): void {
  if (gone == 0) return
  if (gone == user.cells) {
    clearWindow(user)
  } else if (user.block == 0) {
    user.cells -= <u8>gone
    user.head = <u8>((<u32>user.head + gone) & (INLINE_CELLS - 1))
  } else if (large) {
    dropBins(user, gone)
  } else {
    dropFromRing(user, gone)
  }
}

/** Forgets every admission, and gives a borrowed block back. */
export function clearWindow(user: User): void {
  if (user.block != 0) returnBlock(user.block)
  user.block = 0
  user.head = 0
  user.cells = 0
}

/** Takes the newest `places` admissions back. */
export function takeBack(user: User, places: u32): void {
  if (user.block == 0) user.cells -= <u8>places
  else recordAnew(user, 0, count(user) - places)
}

/**
 * Keeps the `left` admissions from a cell on, in order from the beginning of their place. It is seldom wanted, and so done for
 * every kind of place at once. They fit: they are no more than there were.
 */
export function recordAnew(user: User, from: u32, left: u32): void {
  const cells = <u32>user.cells
  for (let index: u32 = 0; index < cells; index++) {
    store<u32>(SPLIT_COPY + ((<usize>index) << 3), entryAt(user, index))
    store<u32>(SPLIT_COPY + ((<usize>index) << 3), large && user.block != 0 ? countAt(user, index) : 1, 4)
  }
  clearWindow(user)
  for (let index = from; left > 0; index++) {
    const kept = min(left, load<u32>(SPLIT_COPY + ((<usize>index) << 3), 4))
    pushEntry(user, kept, load<u32>(SPLIT_COPY + ((<usize>index) << 3)))
    left -= kept
  }
}

/** Records `places` admissions made now. False, recording none, if a block is needed and cannot be had. */
export function push(user: User, places: u32, ticks: f64): bool {
  return pushEntry(user, places, entryFor(ticks))
}

/** Likewise with the entry that they leave. */
export function pushEntry(user: User, places: u32, entry: u32): bool {
  if (user.block == 0) {
    if (<u32>user.cells + places <= INLINE_CELLS) {
      for (let i: u32 = 0; i < places; i++) store<u16>(cellAt(user, user.cells++), entry)
      return true
    }
    if (!startBlock(user)) return false
  }
  if (large) pushToBins(user, places, entry)
  else pushToRing(user, places, entry)
  return true
}

/** Moves the inline admissions to a block. False if it cannot be had. */
export function startBlock(user: User): bool {
  const block = borrowBlock()
  if (block == 0) return false
  if (large) startBins(user, block)
  else startRing(user, block)
  return true
}

/** Where the `index`th oldest cell is, of a user without bins. */
function cellAt(user: User, index: u32): usize {
  if (user.block == 0) return inlineCell(user, (<u32>user.head + index) & (INLINE_CELLS - 1))
  return ringCellAt(user, index)
}
