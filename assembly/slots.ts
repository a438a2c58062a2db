/**
 * Slots: what is remembered for the wrapper, so that no handle has to cross to it. It names users by slot.
 *
 *     slot 0, for a user who is not remembered | slot 1 | slot 2 | ...        16 B each, in a run of pages
 *
 * There are no others but slot 0 until the wrapper asks for them.
 */
import { PAGE_SHIFT, PAGE_SIZE, PASSING_SLOT } from './layout'
import { allocateRun, freeRun } from './memory'

/** A handle, and where its user was last found. */
@unmanaged
class Slot {
  handle: u64
  /** An address; the user is still there if the handle is. 0: never found. */
  user: u32
  unused: u32
}

const SLOT_SHIFT: usize = 4

let slots: usize = PASSING_SLOT
let runPages: u32 = 0

export function slotAt(slot: u32): Slot {
  return changetype<Slot>(slots + ((<usize>slot) << SLOT_SHIFT))
}

/** Makes so many slots beside slot 0, all empty: those before are forgotten. False if there is no memory for them. */
export function setSlots(count: u32): bool {
  const pages = <u32>((((<usize>count + 1) << SLOT_SHIFT) - 1) / PAGE_SIZE) + 1
  if (pages <= runPages) {
    memory.fill(slots, 0, (<usize>pages) << PAGE_SHIFT)
    return true
  }
  const run = allocateRun(pages)
  if (run == 0) return false
  if (runPages > 0) freeRun(<u32>(slots >> PAGE_SHIFT), runPages)
  slots = (<usize>run) << PAGE_SHIFT
  runPages = pages
  return true
}
