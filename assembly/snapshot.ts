/**
 * Snapshots: the records of all users, some at a time in the scratch area. The wrapper puts a header before them and a
 * checksum behind (`docs/snapshot.md`).
 *
 * They come in the order of a sweep, so that users of one page follow each other, and the table they are added to grows
 * where it was touched last.
 */
import { pageAtIndex } from './directory'
import { PAGE_USERS, SCRATCH, SCRATCH_SIZE, userAt } from './layout'
import { readRecord, recordLength, writeRecord } from './record'
import { cursorAfter } from './sweep'

/** Where reading goes on: the page, whether there is none left, and the slot. */
let cursor: u32 = 0
let ended: bool = false
let slot: u32 = 0

/**
 * Makes `readUsers` begin with the first user. Nothing else may be asked of the core until it has given the last.
 *
 * @returns the bytes of all records
 */
export function startReading(): u32 {
  // Whoever read last went on to the end, so the cursor and the slot are those of the first user.
  ended = false
  const bytes = read(u32.MAX_VALUE, false)
  ended = false
  return bytes
}

/** Lays the records of the next users in the scratch area. Gives their bytes; 0 if no user is left. */
export function readUsers(): u32 {
  return read(<u32>SCRATCH_SIZE, true)
}

/** Goes on over users whose records have up to `most` bytes, and lays them in the scratch area if they are `wanted` there. */
function read(most: u32, wanted: bool): u32 {
  let bytes: u32 = 0
  while (!ended) {
    const page = pageAtIndex(cursor)
    for (; slot < PAGE_USERS; slot++) {
      const user = userAt(page, slot)
      if (user.handle == 0) continue
      const end = bytes + recordLength(user)
      if (end > most) return bytes
      if (wanted) writeRecord(user, SCRATCH + bytes)
      bytes = end
    }
    slot = 0
    cursor = cursorAfter(page, cursor)
    ended = cursor == 0
  }
  return bytes
}

/**
 * Adds the users whose records begin the next `bytes` of the scratch area, up to one that is cut there.
 *
 * @param forced whether somebody leaves where there is no room
 * @returns the bytes that they took; 0 if the first is damaged or cut; -1 if there is no room for the first
 */
export function addUsers(bytes: u32, now: f64, forced: bool): i32 {
  let at: u32 = 0
  while (at < bytes) {
    const length = readRecord(SCRATCH + at, bytes - at, now, forced)
    if (length <= 0) return at == 0 ? length : at
    at += length
  }
  return at
}
