/**
 * Moving users to another instance: linear memory never shrinks, so what a spike of users took is given back by moving
 * those who are left to a fresh instance and dropping this one.
 *
 * The record of a user who moves lies in the scratch area. The wrapper copies it to the other instance, which adds it as one
 * of a snapshot.
 */
import { pageAtIndex } from './directory'
import { Page, SCRATCH, userAt } from './layout'
import { writeRecord } from './record'
import { find, pageOf, remove, slotOf, users } from './table'

/** The directory index of the page that users are taken from next. */
let next: u32 = 0

/** Takes the user with this handle out. Gives the bytes of its record; 0 if there is none. */
export function extract(handle: u64): u32 {
  const user = find(handle)
  if (user == null) return 0
  const page = pageOf(handle)
  return take(page, slotOf(page, user))
}

/** Takes any user out. Gives the bytes of its record; 0 if there is none left. */
export function extractAny(): u32 {
  if (users == 0) return 0
  while (pageAtIndex(next).count == 0) next++
  const page = pageAtIndex(next)
  let slot: u32 = 0
  while (userAt(page, slot).handle == 0) slot++
  return take(page, slot)
}

/** Lays the record of a user in the scratch area, and removes the user here. Gives its bytes. */
function take(page: Page, slot: u32): u32 {
  const bytes = writeRecord(userAt(page, slot), SCRATCH)
  remove(page, slot)
  return bytes
}
