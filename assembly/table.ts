/**
 * The table of users: extendible hashing over pages of 63.
 *
 *     handle   | ........ home slot (top 32 bits) ........ | ........ low bits: directory index |
 *
 *     directory (global depth 2)      pages
 *     00 ----------------------------> depth 2, prefix 00
 *     01 -----------+----------------> depth 1, prefix 1
 *     10 ---------- | ---------------> depth 2, prefix 10
 *     11 -----------+
 *
 * A page whose users outgrow it splits in two by one more bit of their handles, and the directory doubles, by
 * appending a copy of itself, when the page was as deep as the directory. Nothing is ever rehashed: all that
 * grows with the number of users is that copy, of 4 bytes an entry. R. Fagin et al., "Extendible Hashing", ACM TODS 4(3), 1979.
 *
 * Invariants: every directory entry whose low `depth` bits equal a page's prefix names that page; `depthCounts[d]`
 * pages have depth d; the directory is no deeper than its deepest page.
 */
import { canDouble, depth, double, halve, name, pageAtIndex } from './directory'
import {
  DEPTH_COUNTS,
  MAX_DEPTH,
  PAGE_SIZE,
  PAGE_USERS,
  Page,
  SPLIT_COPY,
  USER_SHIFT,
  USER_SIZE,
  User,
  userAt,
} from './layout'
import { allocate, canAllocate, free, peakPages, usedPages } from './memory'
import { UNSPENT } from './tokens'
import { clearWindow } from './window'

/** Users at which a page splits when a split costs little. Beyond it probes grow long; below it memory is wasted. */
export const SPLIT_AT: u32 = 58

/** Two pages merge when together they have no more than this: half of what would split them again. */
const MERGE_AT: u32 = 29

/** The deepest that the directory may become. */
let maxDepth: u32 = 0

/** Users in the table now, and the most there have been. */
export let users: u32 = 0
export let peakUsers: u32 = 0

/** Table pages. */
export let tablePages: u32 = 0

/** The deepest directory that `maxUsers` may need: an even spread, and three bits for an uneven one. */
function depthFor(maxUsers: u32): u32 {
  return min(MAX_DEPTH, 32 - clz(maxUsers / 32) + 3)
}

/** Goes on from the most users that another instance had. */
export function resumeUsers(count: u32): void {
  peakUsers = max(peakUsers, count)
}

/** Starts an empty table of one page, for so many users at most. False if memory is exhausted. */
export function initTable(maxUsers: u32): bool {
  maxDepth = depthFor(maxUsers)
  const page = allocate()
  if (page == null) return false
  clearPage(page, 0, 0)
  name(page)
  addDepthCount(0, 1)
  tablePages = 1
  return true
}

/** The page that owns a handle. */
export function pageOf(handle: u64): Page {
  return pageAtIndex(<u32>handle)
}

/** The user with this handle; null if there is none. */
export function find(handle: u64): User | null {
  const page = pageOf(handle)
  let slot = homeOf(handle)
  for (let probes: u32 = 0; probes < PAGE_USERS; probes++) {
    const user = userAt(page, slot)
    if (user.handle == handle) return user
    if (user.handle == 0) return null
    slot = after(slot)
  }
  return null
}

/** Puts a user never seen in the page that owns the handle; the page must have a free slot. */
export function add(handle: u64): User {
  const user = takeSlot(pageOf(handle), handle)
  user.handle = handle
  user.last = -Infinity
  user.tokens = UNSPENT
  user.block = 0
  user.head = 0
  user.cells = 0
  users++
  if (users > peakUsers) peakUsers = users
  return user
}

/** Removes the user in this slot, and moves those behind it up so that none is cut off from its home. */
export function remove(page: Page, slot: u32): void {
  clearWindow(userAt(page, slot))
  let hole = slot
  for (let next = after(slot); next != slot; next = after(next)) {
    const user = userAt(page, next)
    if (user.handle == 0) break
    // A user may move to the hole if the hole lies between its home and itself.
    if (distance(homeOf(user.handle), next) < distance(hole, next)) continue
    copyUser(userAt(page, hole), user)
    hole = next
  }
  userAt(page, hole).handle = 0
  page.count--
  users--
}

/** The slot of a user in its page. */
export function slotOf(page: Page, user: User): u32 {
  return <u32>((changetype<usize>(user) - changetype<usize>(userAt(page, 0))) >> USER_SHIFT)
}

/** Removes the user with this handle, if there is one. */
export function removeHandle(handle: u64): void {
  const user = find(handle)
  if (user == null) return
  const page = pageOf(handle)
  remove(page, slotOf(page, user))
}

/**
 * Whether splitting the page early costs little: the directory need not double, and either there were more pages before or
 * there are more users than ever. So the same number of users fits the same pages again: pages fill up instead of splitting.
 */
export function splitsCheaply(page: Page): bool {
  return page.depth < depth && (usedPages < peakPages || users >= peakUsers)
}

/** Whether `split` would split the page. */
export function canSplit(page: Page): bool {
  return page.depth < maxDepth && (page.depth < depth ? canAllocate() : canDouble())
}

/** Splits a page in two. False if memory or the directory is exhausted. */
export function split(page: Page): bool {
  const oldDepth = page.depth
  if (oldDepth == maxDepth) return false
  // The directory first: were there no page then, a directory that is deeper than its pages would shrink again in time.
  if (oldDepth == depth && !double()) return false
  const sibling = allocate()
  if (sibling == null) return false
  const copy = changetype<Page>(SPLIT_COPY)
  memory.copy(changetype<usize>(copy), changetype<usize>(page), PAGE_SIZE)
  clearPage(sibling, oldDepth + 1, copy.prefix | (1 << oldDepth))
  clearPage(page, oldDepth + 1, copy.prefix)
  for (let slot: u32 = 0; slot < PAGE_USERS; slot++) {
    const user = userAt(copy, slot)
    if (user.handle == 0) continue
    copyUser(takeSlot(((user.handle >> oldDepth) & 1) == 1 ? sibling : page, user.handle), user)
  }
  name(sibling)
  addDepthCount(oldDepth, -1)
  addDepthCount(oldDepth + 1, 2)
  tablePages++
  return true
}

/**
 * Merges a page into the buddy before it, and the result into the one before that, as long as they have few users.
 * Only a page with the higher prefix merges, so that a sweep that goes by prefix has seen both.
 */
export function mergeBack(page: Page): void {
  while (page.depth > 0) {
    const bit: u32 = 1 << (page.depth - 1)
    if ((page.prefix & bit) == 0) break
    const buddy = pageAtIndex(page.prefix ^ bit)
    if (buddy.depth != page.depth || buddy.count + page.count > MERGE_AT) break
    for (let slot: u32 = 0; slot < PAGE_USERS; slot++) {
      const user = userAt(page, slot)
      if (user.handle != 0) copyUser(takeSlot(buddy, user.handle), user)
    }
    addDepthCount(page.depth, -2)
    addDepthCount(page.depth - 1, 1)
    buddy.depth--
    name(buddy)
    // A free page must hold no handles: a user may be looked for where it was.
    memory.fill(changetype<usize>(page), 0, PAGE_SIZE)
    free(page)
    tablePages--
    while (depth > 0 && load<u32>(depthCountAt(depth)) == 0) halve()
    page = buddy
  }
}

function depthCountAt(pageDepth: u32): usize {
  return DEPTH_COUNTS + ((<usize>pageDepth) << 2)
}

function addDepthCount(pageDepth: u32, change: i32): void {
  store<i32>(depthCountAt(pageDepth), load<i32>(depthCountAt(pageDepth)) + change)
}

function clearPage(page: Page, newDepth: u32, prefix: u32): void {
  memory.fill(changetype<usize>(page), 0, PAGE_SIZE)
  page.depth = newDepth
  page.prefix = prefix
}

/** The slot at which probing for a handle starts: the top 32 bits scaled to the slots of a page. */
function homeOf(handle: u64): u32 {
  return <u32>(((handle >> 32) * PAGE_USERS) >> 32)
}

function after(slot: u32): u32 {
  return slot + 1 == PAGE_USERS ? 0 : slot + 1
}

/** Steps of probing from one slot to another. */
function distance(from: u32, to: u32): u32 {
  return to >= from ? to - from : to + PAGE_USERS - from
}

/** The first free slot for a handle, counted as taken. */
function takeSlot(page: Page, handle: u64): User {
  assert(page.count < PAGE_USERS)
  let slot = homeOf(handle)
  while (userAt(page, slot).handle != 0) slot = after(slot)
  page.count++
  return userAt(page, slot)
}

/** Copies the 64 bytes of a user; `memory.copy` would leave wasm for so few. */
export function copyUser(to: User, from: User): void {
  const target = changetype<usize>(to)
  const source = changetype<usize>(from)
  for (let offset: usize = 0; offset < USER_SIZE; offset += 8) store<u64>(target + offset, load<u64>(source + offset))
}
