/**
 * Sweeping: removing users who are stale, merging pages that they leave half empty.
 *
 * A pass visits every page once, in the order of their prefixes read from the lowest bit on, which is the order of
 * the leaves of the tree that splits make. In that order a page's children and buddy are adjacent, so splits and doublings
 * between slices do not disturb a pass: `cursor`, a prefix padded with zeros, always marks a page's start.
 */
import { isStale, staleAt } from './decide'
import { pageAtIndex } from './directory'
import { PAGE_USERS, Page, userAt } from './layout'
import { isLocked, withoutLockout } from './lockout'
import { mergeBack, remove } from './table'
import { caughtUpAt } from './tokens'
import { clearWindow, emptyAt, isEmpty } from './window'

let cursor: u32 = 0

/**
 * When the first of the users that this pass has left becomes stale, or one that becomes so soon enough; Infinity if it has
 * left none; 0 before any pass.
 */
export let nextStaleAt: f64 = 0

/** Stale users removed, ever. */
export let swept: f64 = 0

/**
 * Visits up to `pages` pages. Looks for the first user to become stale, up to one who does within `soonMs`. True when that
 * ended a pass; the next slice then starts another.
 */
export function sweepSlice(now: f64, pages: u32, soonMs: f64): bool {
  if (cursor == 0) nextStaleAt = Infinity
  for (let visited: u32 = 0; visited < pages; visited++) {
    const page = pageAtIndex(cursor)
    const next = cursorAfter(page, cursor)
    removeStale(page, now)
    if (nextStaleAt > now + soonMs) nextStaleAt = min(nextStaleAt, firstStaleAt(page, now))
    mergeBack(page)
    cursor = next
    if (next == 0) return true
  }
  return false
}

/** The cursor behind the page at a cursor; 0 behind the last. */
export function cursorAfter(page: Page, at: u32): u32 {
  // Adds one to the highest bit of the prefix, and carries downwards.
  let bit = ((<u32>1) << page.depth) >> 1
  while ((at & bit) != 0) {
    at ^= bit
    bit >>= 1
  }
  return at ^ bit
}

/** Makes the next slice start a pass. */
export function restartSweep(): void {
  cursor = 0
}

/** Removes the stale users of a page, and takes blocks back from users whose window is empty. */
export function removeStale(page: Page, now: f64): u32 {
  let removed: u32 = 0
  for (let slot: u32 = 0; slot < PAGE_USERS; ) {
    const user = userAt(page, slot)
    if (user.handle != 0) {
      if (isStale(user, now)) {
        // Another user may have moved to this slot: look at it again. One that moves round the page's end to a
        // higher slot is seen twice, which does no harm.
        remove(page, slot)
        removed++
        continue
      }
      if (user.block != 0 && isEmpty(withoutLockout(user, now), now)) clearWindow(user)
    }
    slot++
  }
  swept += <f64>removed
  return removed
}

/** About when the first of the users of a page, none of whom is stale, becomes so: not late but for rounding. */
function firstStaleAt(page: Page, now: f64): f64 {
  let first = Infinity
  for (let slot: u32 = 0; slot < PAGE_USERS; slot++) {
    const user = userAt(page, slot)
    if (user.handle == 0) continue
    const caughtUp = caughtUpAt(user)
    // The window costs more to look at than the tokens, and seldom matters. (For a lockout, that time is too early.)
    if (caughtUp < first) first = min(first, isLocked(user) ? staleAt(user, now) : max(caughtUp, emptyAt(user, now)))
  }
  return first
}
