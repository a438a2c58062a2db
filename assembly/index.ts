/**
 * The ABI of the core: what the wrapper may call, and nothing else.
 *
 * Times are readings of the wrapper's clock in f64 milliseconds. A user is named by the slot in which the handle is
 * remembered: a u64 would be a BigInt, an allocation, on the other side. Results of more than one number are left in
 * the report.
 */
import { pagesForBlocks } from './blocks'
import { absorb, begin, finish, setKey } from './hash'
import {
  directoryAt,
  HEAP,
  INLINE_CELLS,
  newUserAt,
  PAGE_SIZE,
  rememberedAt,
  reportAt,
  SLOTS,
  scratchAt,
  User,
} from './layout'
import { forcedGrowths, growAhead, initPages, peakPages, resumePages, touchedPages, usedPages } from './memory'
import { extractAny, extract as extractUser, insert as insertUser } from './relocate'
import { evicted, initRoom, join, roomAt, setMaxUsers } from './room'
import { restartSweep, sweepSlice, swept } from './sweep'
import {
  depthFor,
  directoryBytes,
  find,
  initTable,
  pagesForUsers,
  peakUsers,
  removeHandle,
  resumeUsers,
  tablePages,
  users,
} from './table'
import {
  admissible,
  admissibleAt,
  burstSpent,
  decide as decideUser,
  emptyAt,
  freePlaces,
  initWindow,
  tokensAt,
  windowEmpty,
} from './window'

/** The latest time in milliseconds, 4,460 years after loading: its ticks still fit 63 bits. */
const LATEST: f64 = 140737488355328

/** What is done when memory is full, as numbered in the wrapper. */
const DENY: u32 = 1
const ALLOW: u32 = 2

let onFull: u32 = 0
/** The clock's reading at loading. The rest of the core counts from there. */
let origin: f64 = 0
/** The highest time seen. */
let latest: f64 = 0
let allowed: f64 = 0
let denied: f64 = 0

export { absorb, begin, extractAny, growAhead, reportAt, restartSweep, scratchAt, setKey, setMaxUsers }

/** Where the slots begin. */
export function slotsAt(): usize {
  return changetype<usize>(rememberedAt(0))
}

/** Prepares the instance: once, before all else. False if memory for `maxUsers` cannot be reserved. */
export function init(
  maxUsers: u32,
  newLimit: u32,
  windowMs: f64,
  capacity: f64,
  refillPerSecond: f64,
  newOnFull: u32,
  reading: f64,
): bool {
  assert(__heap_base <= HEAP)
  origin = reading
  initWindow(newLimit, windowMs, capacity, refillPerSecond)
  const maxDepth = depthFor(maxUsers)
  // Untouched memory is not resident, so the tables of all users are reserved at once, and the blocks of a
  // quarter: it is rare that more are so busy at the same time, and the timer grows ahead of those who are.
  const blocks = newLimit > INLINE_CELLS ? pagesForBlocks(maxUsers / 4) : 0
  const tables = pagesForUsers(maxUsers)
  const start = directoryAt() + ((<usize>4) << maxDepth)
  if (!initPages(start, tables + blocks) && !initPages(start, tables)) return false
  initRoom(maxUsers, newOnFull != DENY && newOnFull != ALLOW)
  onFull = newOnFull
  const newUser = changetype<User>(newUserAt())
  newUser.last = -Infinity
  return initTable(maxDepth)
}

/** Hashes the last `bytes` of an id, and remembers the handle in a slot. */
export function remember(slot: u32, bytes: usize): void {
  rememberedAt(slot).handle = finish(bytes)
}

/** Hashes an id that fits the scratch area, of `bytes`, and remembers the handle in a slot. */
export function rememberWhole(slot: u32, bytes: usize, wide: bool): void {
  begin(wide)
  remember(slot, bytes)
}

/** Decides a request. */
export function decide(slot: u32, reading: f64, cost: u32): bool {
  const now = observe(reading)
  let user = locate(slot)
  if (user == null) user = join(rememberedAt(slot).handle, now)
  const admitted = user == null ? allowsUnkept(now, cost) : decideUser(user, now, cost)
  if (admitted) allowed++
  else denied++
  return admitted
}

/** Decides a request, and reports where the user then stands. */
export function check(slot: u32, reading: f64, cost: u32): bool {
  const spent = burstSpent
  const admitted = decide(slot, reading, cost)
  reportOn(slot, latest, cost, admitted, burstSpent - spent, locate(slot) == null)
  return admitted
}

/** What `check` would say and report; changes nothing. */
export function peek(slot: u32, reading: f64, cost: u32): bool {
  const now = observe(reading)
  const user = locate(slot)
  const turnedAway = user == null && roomAt(rememberedAt(slot).handle, now) > now
  const admitted = turnedAway ? allowsUnkept(now, cost) : admissible(orNewUser(user), now, cost)
  const free = freePlaces(orNewUser(user), now)
  reportOn(slot, now, cost, admitted, admitted && cost > free ? <f64>(cost - free) : 0, turnedAway)
  return admitted
}

/** The user's tokens, with fractions. */
export function tokens(slot: u32, reading: f64): f64 {
  return tokensAt(orNewUser(locate(slot)), observe(reading))
}

/** Forgets the user. */
export function reset(slot: u32, reading: f64): void {
  observe(reading)
  removeHandle(rememberedAt(slot).handle)
}

/** Lifts the user with this handle to the scratch area, for another instance. False if there is none. */
export function extract(low: u32, high: u32): bool {
  return extractUser(<u64>low | ((<u64>high) << 32))
}

/** Adds the user that another instance lifted. False if memory is exhausted. */
export function insert(): bool {
  return insertUser(latest)
}

/**
 * Goes on where the instance was that this one replaces, at its time and with what it had at most. Its slots are copied
 * already, but its users are not where they were.
 */
export function resume(time: f64, mostUsers: u32, mostPages: u32): void {
  latest = time
  resumeUsers(mostUsers)
  resumePages(mostPages)
  for (let slot: u32 = 0; slot < SLOTS; slot++) rememberedAt(slot).user = 0
}

/** Sweeps up to `pages` pages. True when that ended a pass over the table. */
export function sweep(reading: f64, pages: u32): bool {
  return sweepSlice(observe(reading), pages)
}

/** Leaves the statistics in the report, in the order of `STATISTICS` in `src/core.ts`. */
export function stats(): void {
  put(0, <f64>users)
  put(1, <f64>usedPages * <f64>PAGE_SIZE + <f64>directoryBytes())
  put(2, allowed)
  put(3, denied)
  put(4, burstSpent)
  put(5, swept)
  put(6, evicted)
  put(7, <f64>forcedGrowths)
  put(8, <f64>tablePages)
  put(9, <f64>touchedPages() * <f64>PAGE_SIZE)
  put(10, latest)
  put(11, <f64>peakUsers)
  put(12, <f64>peakPages)
}

/**
 * The user of a slot: where it was last found, if it is still there, else by probing. Nothing but that user can have
 * its handle where a user was, but by the chance of one in 2^64 that two users share a handle: free pages and slots
 * hold none.
 */
function locate(slot: u32): User | null {
  const remembered = rememberedAt(slot)
  const last = changetype<User>(<usize>remembered.user)
  if (last.handle == remembered.handle) return last
  const user = find(remembered.handle)
  if (user != null) remembered.user = <u32>changetype<usize>(user)
  return user
}

/**
 * Reports free places, tokens, when the same call is admitted, when the window is empty, the places that tokens paid
 * for, and whether the user was turned away for want of room.
 */
function reportOn(slot: u32, now: f64, cost: u32, admitted: bool, fromBurst: f64, turnedAway: bool): void {
  const known = locate(slot)
  const user = orNewUser(known)
  put(0, <f64>freePlaces(user, now))
  put(1, tokensAt(user, now))
  let retry = now
  if (!admitted) {
    retry = admissibleAt(user, now, cost)
    if (known == null && onFull != ALLOW) retry = max(retry, roomAt(rememberedAt(slot).handle, now))
  }
  put(2, retry)
  put(3, windowEmpty(user, now) ? -Infinity : emptyAt(user, now))
  put(4, fromBurst)
  put(5, turnedAway && !admitted && onFull != ALLOW ? 1 : 0)
}

/** The time to decide at, from a reading of the clock: it never runs backwards. */
function observe(reading: f64): f64 {
  const time = reading - origin
  if (time > latest) latest = min(time, LATEST)
  return latest
}

/** Whether a newcomer for whom there is no room is admitted all the same, as any user never seen would be. */
function allowsUnkept(now: f64, cost: u32): bool {
  return onFull == ALLOW && admissible(changetype<User>(newUserAt()), now, cost)
}

/** The user, or the one that stands for all who were never seen. */
function orNewUser(user: User | null): User {
  return user == null ? changetype<User>(newUserAt()) : user
}

function put(index: usize, value: f64): void {
  store<f64>(reportAt() + (index << 3), value)
}
