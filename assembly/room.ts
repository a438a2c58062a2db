/**
 * Room for newcomers: a free slot in the page that owns a handle, by removing stale users, splitting, or, when
 * memory is full, evicting.
 *
 * Memory is full when there are `maxUsers` users, or a page cannot split because memory has run out.
 */
import { PAGE_USERS, Page, User, userAt } from './layout'
import { removeStale } from './sweep'
import { add, pageAtIndex, pageOf, remove, SPLIT_AT, split, splitsCheaply, users } from './table'
import { freePlaces, limit, staleAt } from './window'

let maxUsers: u32 = 0
let evicting: bool = false

/** Users removed who were not stale, ever. */
export let evicted: f64 = 0

/** Sets how many users there may be. */
export function setMaxUsers(newMaxUsers: u32): void {
  maxUsers = newMaxUsers
}

/** Sets how many users there may be, and whether a newcomer beyond them makes another leave. */
export function initRoom(newMaxUsers: u32, evict: bool): void {
  maxUsers = newMaxUsers
  evicting = evict
}

/** Adds a user never seen; null if memory is full and nobody may be made to leave. */
export function join(handle: u64, now: f64): User | null {
  if (users >= maxUsers && !vacate(occupiedPage(handle), now)) return null
  for (;;) {
    const page = pageOf(handle)
    if (page.count < SPLIT_AT) break
    if (removeStale(page, now) > 0) continue
    if (page.count < PAGE_USERS && !splitsCheaply(page)) break
    if (split(page)) continue
    if (page.count < PAGE_USERS) break
    if (!vacate(page, now)) return null
  }
  return add(handle)
}

/** The earliest time from `now` on at which a newcomer with this handle finds room, if nothing else happens. */
export function roomAt(handle: u64, now: f64): f64 {
  if (users < maxUsers || evicting) return now
  const page = occupiedPage(handle)
  let earliest = Infinity
  for (let slot: u32 = 0; slot < PAGE_USERS; slot++) {
    const user = userAt(page, slot)
    if (user.handle != 0) earliest = min(earliest, staleAt(user, now))
  }
  return earliest
}

/** The page that owns a handle, or the next one that has users: there are some, and few pages stand empty. */
function occupiedPage(handle: u64): Page {
  let index = <u32>handle
  while (pageAtIndex(index).count == 0) index++
  return pageAtIndex(index)
}

/** Makes at least one user leave the page. False if none is stale and none may be evicted. */
function vacate(page: Page, now: f64): bool {
  if (removeStale(page, now) > 0) return true
  if (!evicting) return false
  remove(page, victimIn(page, now))
  evicted++
  return true
}

/**
 * The slot of the user to evict: the one idle for longest, if its window is empty. Where all have asked within their
 * window, the one who has taken the fewest places, of several the one idle for longest, so that a flood of ids makes the
 * ids of the flood leave, and cannot win a flooder a fresh window.
 */
function victimIn(page: Page, now: f64): u32 {
  let victim: u32 = 0
  let longest = Infinity
  let fewest = u32.MAX_VALUE
  for (let slot: u32 = 0; slot < PAGE_USERS; slot++) {
    const user = userAt(page, slot)
    if (user.handle == 0) continue
    const taken = limit - freePlaces(user, now)
    if (taken > fewest || (taken == fewest && user.last >= longest)) continue
    victim = slot
    longest = user.last
    fewest = taken
  }
  return victim
}
