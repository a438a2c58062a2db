/**
 * Records: a user as bytes, which no layout of memory shows in. A user who moves to another instance is laid in the scratch
 * area so, and a snapshot is made of them (`docs/snapshot.md`). Little-endian, without gaps:
 *
 *     handle u64 | last f64 | tokens f64 | form u8 | cells u8 | [end f64] | cells x (time u16 | [count u32])
 *
 * `end` is that of a lockout, which then began at `last`; the counts are those of bins. Other cells count one each.
 */
import { countAt } from './bins'
import { User } from './layout'
import { isLocked, lockedSince, lockedUntil, lockOut } from './lockout'
import { capacity, large, limit, TICKS } from './quota'
import { countEvicted, makeRoom } from './room'
import { removeHandle } from './table'
import { age, present, ticksAt } from './ticks'
import { UNSPENT } from './tokens'
import { entryAt, pushEntry } from './window'

/** Bits of `form`. */
const LOCKED: u32 = 1
const COUNTED: u32 = 2

/** Bytes up to `end`. */
const HEAD: u32 = 26

/** What reading gives where it gives no length: a record that is none, and no room for its user. */
const DAMAGED: i32 = 0
export const NO_ROOM: i32 = -1

/** Bytes of the record of a user. */
export function recordLength(user: User): u32 {
  return HEAD + (isLocked(user) ? 8 : 0) + <u32>user.cells * (large && user.block != 0 ? 6 : 2)
}

/** Writes the record of a user. Gives its length. */
export function writeRecord(user: User, at: usize): u32 {
  const locked = isLocked(user)
  const counted = large && user.block != 0
  const cells = <u32>user.cells
  store<u64>(at, user.handle)
  store<f64>(at, locked ? lockedSince(user) : user.last, 8)
  store<f64>(at, user.tokens, 16)
  store<u8>(at, (locked ? LOCKED : 0) | (counted ? COUNTED : 0), 24)
  store<u8>(at, cells, 25)
  let end = at + HEAD
  if (locked) {
    store<f64>(end, lockedUntil(user))
    end += 8
  }
  for (let index: u32 = 0; index < cells; index++) {
    store<u16>(end, entryAt(user, index))
    end += 2
    if (counted) {
      store<u32>(end, countAt(user, index))
      end += 4
    }
  }
  return <u32>(end - at)
}

/**
 * Adds the user of the record in the next `bytes`, by the time `now`. Gives the record's length; or why there is none, the
 * user then not being added.
 *
 * @param forced whether somebody leaves where there is no room: another user, or this one
 */
export function readRecord(at: usize, bytes: u32, now: f64, forced: bool): i32 {
  if (bytes < HEAD) return DAMAGED
  const handle = load<u64>(at)
  const last = load<f64>(at, 8)
  const tokens = load<f64>(at, 16)
  const form = <u32>load<u8>(at, 24)
  const cells = <u32>load<u8>(at, 25)
  const locked = (form & LOCKED) != 0
  const counted = (form & COUNTED) != 0
  const cellSize: u32 = counted ? 6 : 2
  let cell = at + HEAD + (locked ? 8 : 0)
  const length = <u32>(cell - at) + cells * cellSize
  if (
    bytes < length ||
    handle == 0 ||
    !(last >= 0 && last <= now) ||
    !(tokens >= 0) ||
    (locked && !(load<f64>(at, HEAD) >= last))
  ) {
    return DAMAGED
  }
  const user = makeRoom(handle, now, forced)
  if (user == null) return NO_ROOM
  user.last = last
  user.tokens = tokens > capacity ? UNSPENT : tokens
  const tick = present(ticksAt(last))
  let left = limit
  let before = <i32>TICKS - 1
  for (let index: u32 = 0; index < cells; index++) {
    const entry = <u32>load<u16>(cell)
    const places = counted ? load<u32>(cell, 2) : 1
    cell += cellSize
    // At the user's last request, all were in the window, the oldest first.
    const since = age(entry, tick)
    const wrong = places == 0 || places > left || since > before
    if (wrong || !pushEntry(user, places, entry)) {
      removeHandle(handle)
      if (wrong) return DAMAGED
      if (!forced) return NO_ROOM
      countEvicted()
      return length
    }
    left -= places
    before = since
  }
  if (locked) lockOut(user, last, load<f64>(at, HEAD))
  return length
}
