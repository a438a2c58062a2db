/**
 * Room for newcomers: a free slot in the page that owns a handle, by removing stale users, splitting, or, when
 * memory is full, evicting.
 *
 * Memory is full when there are `maxUsers` users, or a page cannot split because memory has run out.
 */
import { ask, JOINED } from './attention'
import { placesTaken, staleAt } from './decide'
import { pageAtIndex } from './directory'
import { PAGE_USERS, Page, User, userAt } from './layout'
import { lockedUntil, withoutLockout } from './lockout'
import { removeStale } from './sweep'
import { add, canSplit, pageOf, remove, SPLIT_AT, split, splitsCheaply, users } from './table'

/** What is done with a newcomer when memory is full. */
export const EVICT: u32 = 0
export const DENY: u32 = 1
export const ALLOW: u32 = 2

/** Pages that are looked at for somebody who is not locked out. */
const PAGES_TRIED: u32 = 16

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
  return makeRoom(handle, now, evicting)
}

/** Adds a user, making another leave if `evict`; null if memory is full and none may. */
export function makeRoom(handle: u64, now: f64, evict: bool): User | null {
  if (users >= maxUsers && !vacate(occupiedPage(handle), now, evict)) return null
  for (;;) {
    const page = pageOf(handle)
    if (page.count < SPLIT_AT) break
    if (removeStale(page, now) > 0) continue
    if (page.count < PAGE_USERS && !splitsCheaply(page)) break
    if (split(page)) continue
    if (page.count < PAGE_USERS) break
    if (!vacate(page, now, evict)) return null
  }
  ask(JOINED)
  return add(handle)
}

/** Counts a user who is to leave for want of memory. */
export function countEvicted(): void {
  evicted++
}

/** The earliest time from `now` on at which a newcomer with this handle finds room, if nothing else happens. */
export function roomAt(handle: u64, now: f64): f64 {
  if (evicting) return now
  let page = pageOf(handle)
  if (users >= maxUsers) page = occupiedPage(handle)
  else if (page.count < PAGE_USERS || canSplit(page)) return now
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

/**
 * Makes at least one user leave the page. False if none is stale and none may be evicted. Where everybody is locked out, and any
 * other user would do, one of the next few pages is tried: few, since a decision waits for it.
 */
function vacate(page: Page, now: f64, evict: bool): bool {
  if (removeStale(page, now) > 0) return true
  if (!evict) return false
  let from = page
  let victim = victimIn(page, now)
  for (let tries = PAGES_TRIED; users >= maxUsers && lockedUntil(userAt(from, victim)) > now && tries > 0; tries--) {
    from = occupiedPage(page.prefix + tries)
    victim = victimIn(from, now)
  }
  remove(from, victim)
  evicted++
  return true
}

/**
 * The slot of the user to evict: the one idle for longest, if its window is empty. If everyone has asked within the last
 * window, the user with the fewest admissions goes, of several the one idle for longest: flooding ids evicts the ids of the
 * flood, and cannot reset the flooder's own window. Who is locked out goes last, the one who is soonest free first.
 */
function victimIn(page: Page, now: f64): u32 {
  let victim: u32 = 0
  let longest = Infinity
  let fewest = u32.MAX_VALUE
  for (let slot: u32 = 0; slot < PAGE_USERS; slot++) {
    const user = userAt(page, slot)
    if (user.handle == 0) continue
    const until = lockedUntil(user)
    const taken = until > now ? u32.MAX_VALUE : placesTaken(withoutLockout(user, now), now)
    const since = max(user.last, until)
    if (taken > fewest || (taken == fewest && since > longest)) continue
    victim = slot
    longest = since
    fewest = taken
  }
  return victim
}
