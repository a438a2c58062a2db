/**
 * Moving users to another instance: linear memory never shrinks, so what a spike of users took is given back by moving
 * those who are left to a fresh instance and dropping this one.
 *
 * A user who moves lies in the scratch area: its 64 bytes and, behind them, its ring block if it has one. Between
 * `extract` in one instance and `insert` in the other, the wrapper copies the scratch area.
 */
import { blockSize, borrowBlock } from './blocks'
import { pageAtIndex } from './directory'
import { Page, SCRATCH, USER_SIZE, User, userAt } from './layout'
import { countEvicted, makeRoom } from './room'
import { copyUser, find, pageOf, remove, removeHandle, slotOf, users } from './table'

/** The directory index of the page that users are taken from next. */
let next: u32 = 0

/** Takes the user with this handle out. False if there is none. */
export function extract(handle: u64): bool {
  const user = find(handle)
  if (user == null) return false
  const page = pageOf(handle)
  take(page, slotOf(page, user))
  return true
}

/** Takes any user out. False if there is none left. */
export function extractAny(): bool {
  if (users == 0) return false
  while (pageAtIndex(next).count == 0) next++
  const page = pageAtIndex(next)
  let slot: u32 = 0
  while (userAt(page, slot).handle == 0) slot++
  take(page, slot)
  return true
}

/**
 * Adds the user in the scratch area. False, changing nothing, if memory is exhausted; unless it is `forced`: then somebody
 * leaves, as the full memory of one instance is all that there is.
 */
export function insert(now: f64, forced: bool): bool {
  const moving = changetype<User>(SCRATCH)
  const user = makeRoom(moving.handle, now, forced)
  if (user == null) return false
  const block = moving.block != 0 ? borrowBlock() : 0
  if (moving.block != 0 && block == 0) {
    removeHandle(moving.handle)
    if (forced) countEvicted()
    return forced
  }
  copyUser(user, moving)
  user.block = block
  if (block != 0) memory.copy(block, SCRATCH + USER_SIZE, blockSize)
  return true
}

/** Copies a user to the scratch area, and removes it here. */
function take(page: Page, slot: u32): void {
  const user = userAt(page, slot)
  copyUser(changetype<User>(SCRATCH), user)
  if (user.block != 0) memory.copy(SCRATCH + USER_SIZE, user.block, blockSize)
  remove(page, slot)
}
