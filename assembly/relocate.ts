/**
 * Moving users to another instance: linear memory never shrinks, so what a spike of users took is given back by moving
 * those who are left to a fresh instance and dropping this one.
 *
 * A user travels in the scratch area: its 64 bytes and, behind them, its ring block if it has one. Between `lift` in
 * one instance and `land` in the other, the wrapper copies the scratch area.
 */
import { blockSize, borrowBlock } from './blocks'
import { Page, scratchAt, USER_SIZE, User, userAt } from './layout'
import { join } from './room'
import { copyUser, find, pageAtIndex, pageOf, remove, removeHandle, slotOf, users } from './table'

/** The directory index of the page that users are lifted from next. */
let next: u32 = 0

/** Lifts the user with this handle. False if there is none. */
export function extract(handle: u64): bool {
  const user = find(handle)
  if (user == null) return false
  const page = pageOf(handle)
  take(page, slotOf(page, user))
  return true
}

/** Lifts any user. False if there is none left. */
export function extractAny(): bool {
  if (users == 0) return false
  while (pageAtIndex(next).count == 0) next++
  const page = pageAtIndex(next)
  let slot: u32 = 0
  while (userAt(page, slot).handle == 0) slot++
  take(page, slot)
  return true
}

/** Adds the user in the scratch area. False if memory is exhausted. */
export function insert(now: f64): bool {
  const moving = changetype<User>(scratchAt())
  const user = join(moving.handle, now)
  if (user == null) return false
  const block = moving.block != 0 ? borrowBlock() : 0
  if (moving.block != 0 && block == 0) {
    removeHandle(moving.handle)
    return false
  }
  copyUser(user, moving)
  user.block = block
  if (block != 0) memory.copy(block, scratchAt() + USER_SIZE, blockSize)
  return true
}

/** Copies a user to the scratch area, and removes it here. */
function take(page: Page, slot: u32): void {
  const user = userAt(page, slot)
  copyUser(changetype<User>(scratchAt()), user)
  if (user.block != 0) memory.copy(scratchAt() + USER_SIZE, user.block, blockSize)
  remove(page, slot)
}
