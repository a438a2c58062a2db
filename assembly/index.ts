/**
 * The ABI of the core: what the wrapper may call, and nothing else.
 *
 * Times are readings of the wrapper's clock in f64 milliseconds. A user is named by the slot in which the handle is
 * remembered: a u64 would be a BigInt, an allocation, on the other side. Results of more than one number are left in
 * the report.
 */
import { attention, listenFor } from './attention'
import {
  admissible,
  admissibleAt,
  bringTo,
  burstSpent,
  charge as chargeUser,
  decide as decideUser,
  freePlaces,
  placesTaken,
  refund as refundUser,
  weigh as weighUser,
} from './decide'
import { absorb, begin, finish, setKey } from './hash'
import { NEW_USER, PAGE_SIZE, STATIC_DATA_END, User } from './layout'
import { isLocked, lift, lockedUntil, lockOut, withoutLockout } from './lockout'
import { forcedGrowths, growAhead, initMemory, peakPages, resumePages, touchedPages, usedPages } from './memory'
import { extractAny, extract as extractUser } from './move'
import { initQuota } from './quota'
import {
  ADMITTED_AT,
  ALLOWED,
  BLOCKED,
  BURST_REMAINING,
  BURST_SPENT,
  DENIED,
  EMPTY_AT,
  EVICTED,
  FORCED_GROWTHS,
  FROM_BURST,
  FULL,
  LATEST,
  LIMIT,
  MEMORY_BYTES,
  NEXT_STALE_AT,
  NO_REASON,
  PEAK_PAGES,
  PEAK_USERS,
  put,
  REASON,
  REMAINING,
  SWEPT,
  TABLE_PAGES,
  TOUCHED_BYTES,
  USERS,
} from './report'
import { ALLOW, EVICT, evicted, initRoom, join, roomAt, setMaxUsers } from './room'
import { setSlots, slotAt } from './slots'
import { addUsers as addUsersAt, readUsers, startReading } from './snapshot'
import { nextStaleAt, restartSweep, sweepSlice, swept } from './sweep'
import { find, initTable, peakUsers, removeHandle, resumeUsers, tablePages, users } from './table'
import { tokensAt, UNSPENT } from './tokens'
import { emptyAt, initWindow, isEmpty, placesUpTo } from './window'

let onFull: u32 = 0
/** The clock's reading at loading. The rest of the core counts from there. */
let origin: f64 = 0
/** The highest time seen. */
let latest: f64 = 0
let allowed: f64 = 0
let denied: f64 = 0

export {
  absorb,
  begin,
  extractAny,
  growAhead,
  listenFor,
  readUsers,
  restartSweep,
  setKey,
  setMaxUsers,
  setSlots,
  startReading,
}

/** Prepares the instance: once, before all else. False if there is no memory. */
export function init(
  maxUsers: u32,
  newLimit: u32,
  windowMs: f64,
  capacity: f64,
  refillPerSecond: f64,
  newOnFull: u32,
  reading: f64,
): bool {
  assert(__heap_base <= STATIC_DATA_END)
  origin = reading
  onFull = newOnFull
  initQuota(newLimit, windowMs, capacity, refillPerSecond)
  initWindow()
  initRoom(maxUsers, newOnFull == EVICT)
  if (!initMemory() || !initTable(maxUsers)) return false
  newUser().last = -Infinity
  newUser().tokens = UNSPENT
  return true
}

/** Hashes the last `bytes` of an id, and remembers the handle in a slot. */
export function remember(slot: u32, bytes: usize): void {
  slotAt(slot).handle = finish(bytes)
}

/** Hashes an id that fits the scratch area, of `bytes`, and remembers the handle in a slot. */
export function rememberWhole(slot: u32, bytes: usize, wide: bool): void {
  begin(wide)
  remember(slot, bytes)
}

/** Decides a request under the limit `within`: 1 if it is admitted, else 0; and the bits of `attention.ts` beside that. */
export function decide(slot: u32, reading: f64, cost: u32, within: u32): u32 {
  return <u32>admit(slot, observe(reading), cost, within) | attention
}

/** Decides like `decide`, and reports where the user then stands. */
export function check(slot: u32, reading: f64, cost: u32, within: u32): u32 {
  const now = observe(reading)
  const spent = burstSpent
  const admitted = admit(slot, now, cost, within)
  const unkept = locate(slot) == null
  put(FROM_BURST, admitted && unkept ? wantedFromBurst(newUser(), now, cost, within) : burstSpent - spent)
  reportOn(slot, now, cost, within, admitted, unkept)
  return <u32>admitted | attention
}

/** What `check` would say and report, but for the request itself; changes nothing. */
export function peek(slot: u32, reading: f64, cost: u32, within: u32): u32 {
  const now = observe(reading)
  const found = locate(slot)
  const turnedAway = found == null && roomAt(slotAt(slot).handle, now) > now
  const user = withoutLockout(orNewUser(found), now)
  const admitted = turnedAway
    ? allowsUnkept(now, cost, within)
    : !isBlocked(found, now) && admissible(user, now, cost, within)
  put(FROM_BURST, admitted ? wantedFromBurst(user, now, cost, within) : 0)
  reportOn(slot, now, cost, within, admitted, turnedAway)
  return <u32>admitted
}

/**
 * What `decide` would say of a request that depends on others as well: the user's activity, and nothing taken. Counts a
 * denial. Returns what `decide` returns.
 */
export function weigh(slot: u32, reading: f64, cost: u32, within: u32): u32 {
  const now = observe(reading)
  const user = locateOrJoin(slot, now)
  const admitted = user == null ? allowsUnkept(now, cost, within) : weighUser(user, now, cost, within)
  if (!admitted) denied++
  return <u32>admitted | attention
}

/** Takes `cost` places, or as many as there are. Gives how many there were not. */
export function charge(slot: u32, reading: f64, cost: u32): u32 {
  const now = observe(reading)
  const user = locateOrJoin(slot, now)
  if (user == null) return cost
  const until = lockedUntil(user)
  bringTo(user, now)
  const untaken = chargeUser(user, now, cost)
  if (until > now) lockOut(user, now, until)
  return untaken
}

/** Undoes admissions: as many base places and tokens, if the user has any to undo. */
export function refund(slot: u32, reading: f64, base: u32, tokens: u32): void {
  const now = observe(reading)
  const user = locate(slot)
  if (user == null) return
  const until = lockedUntil(user)
  if (isLocked(user)) lift(user, now)
  refundUser(user, now, base, tokens)
  if (until > now) lockOut(user, now, until)
}

/** Locks the user out for so many milliseconds. False if there is no room for the user. */
export function block(slot: u32, reading: f64, ms: f64): bool {
  const now = observe(reading)
  const user = locateOrJoin(slot, now)
  if (user == null) return false
  bringTo(user, now)
  lockOut(user, now, now + ms)
  return true
}

/** Ends the user's lockout, if there is one. */
export function unblock(slot: u32, reading: f64): void {
  const now = observe(reading)
  const user = locate(slot)
  if (isBlocked(user, now)) lift(user!, now)
}

/** The bits of `attention.ts`, for those calls that do not give them. */
export function wanted(): u32 {
  return attention
}

/** The user's tokens, with fractions. */
export function tokens(slot: u32, reading: f64): f64 {
  const now = observe(reading)
  return tokensAt(withoutLockout(orNewUser(locate(slot)), now), now)
}

/** Forgets the user. */
export function reset(slot: u32, reading: f64): void {
  observe(reading)
  removeHandle(slotAt(slot).handle)
}

/** The handle in a slot, in halves, as `extract` takes it. */
export function handleLow(slot: u32): u32 {
  return <u32>slotAt(slot).handle
}

export function handleHigh(slot: u32): u32 {
  return <u32>(slotAt(slot).handle >> 32)
}

/** Takes the user with this handle out, to the scratch area, for another instance. Gives its bytes; 0 if there is none. */
export function extract(low: u32, high: u32): u32 {
  return extractUser(<u64>low | ((<u64>high) << 32))
}

/** Adds users from the scratch area: `addUsers` of `snapshot.ts`. */
export function addUsers(bytes: u32, forced: bool): i32 {
  return addUsersAt(bytes, latest, forced)
}

/** Continues from the instance it replaces: same time, same peaks. */
export function resume(time: f64, mostUsers: u32, mostPages: u32): void {
  latest = time
  resumeUsers(mostUsers)
  resumePages(mostPages)
}

/** Sweeps up to `pages` pages, and looks for the first user to become stale. True when that ended a pass over the table. */
export function sweep(reading: f64, pages: u32, soonMs: f64): bool {
  return sweepSlice(observe(reading), pages, soonMs)
}

/** Users kept now. */
export function userCount(): u32 {
  return users
}

/** Leaves the statistics in the report. */
export function stats(): void {
  put(USERS, <f64>users)
  put(MEMORY_BYTES, <f64>usedPages * <f64>PAGE_SIZE)
  put(ALLOWED, allowed)
  put(DENIED, denied)
  put(BURST_SPENT, burstSpent)
  put(SWEPT, swept)
  put(EVICTED, evicted)
  put(FORCED_GROWTHS, <f64>forcedGrowths)
  put(TABLE_PAGES, <f64>tablePages)
  put(TOUCHED_BYTES, <f64>touchedPages() * <f64>PAGE_SIZE)
  put(LATEST, latest)
  put(PEAK_USERS, <f64>peakUsers)
  put(PEAK_PAGES, <f64>peakPages)
  put(NEXT_STALE_AT, nextStaleAt)
}

/** Decides a request, and counts it. */
function admit(slot: u32, now: f64, cost: u32, within: u32): bool {
  let user = locate(slot)
  if (user == null) user = join(slotAt(slot).handle, now)
  const admitted = user == null ? allowsUnkept(now, cost, within) : decideUser(user, now, cost, within)
  if (admitted) allowed++
  else denied++
  return admitted
}

/** The user of a slot, who is added if need be; null if there is no room. */
function locateOrJoin(slot: u32, now: f64): User | null {
  const user = locate(slot)
  return user == null ? join(slotAt(slot).handle, now) : user
}

/** Whether a user is locked out. */
function isBlocked(user: User | null, now: f64): bool {
  return user != null && lockedUntil(user) > now
}

/**
 * The user of a slot: where it was last found, if it is still there, else by probing. Free pages and slots hold no
 * handles, so a match is that user, unless two users share a handle (one in 2^64).
 */
function locate(slot: u32): User | null {
  const remembered = slotAt(slot)
  const last = changetype<User>(<usize>remembered.user)
  if (last.handle == remembered.handle) return last
  const user = find(remembered.handle)
  if (user != null) remembered.user = <u32>changetype<usize>(user)
  return user
}

/** Places of a request that tokens would pay for. */
function wantedFromBurst(user: User, now: f64, cost: u32, within: u32): f64 {
  return <f64>placesUpTo(cost, freePlaces(user, now, within))
}

/** Reports where the user stands, and, if the request was denied, why and until when. */
function reportOn(slot: u32, now: f64, cost: u32, within: u32, admitted: bool, turnedAway: bool): void {
  const found = orNewUser(locate(slot))
  const user = withoutLockout(found, now)
  const free = freePlaces(user, now, within)
  put(REMAINING, <f64>free)
  put(BURST_REMAINING, tokensAt(user, now))
  put(EMPTY_AT, isEmpty(user, now) ? -Infinity : emptyAt(user, now))
  let reason = NO_REASON
  let admittedAt = now
  if (!admitted) {
    const full = turnedAway && onFull != ALLOW
    // Fewer places than the window has free: there is no memory to record them in.
    reason = full || free + placesTaken(user, now) < within ? FULL : LIMIT
    const until = lockedUntil(found)
    if (until > now) {
      reason = BLOCKED
      admittedAt = until
    }
    if (admittedAt < Infinity) {
      admittedAt = admissibleAt(withoutLockout(found, admittedAt), admittedAt, cost, within)
    }
    if (full) admittedAt = max(admittedAt, roomAt(slotAt(slot).handle, now))
  }
  put(ADMITTED_AT, admittedAt)
  put(REASON, <f64>reason)
}

/** The time to decide at, from a reading of the clock: it never runs backwards. */
function observe(reading: f64): f64 {
  const time = reading - origin
  if (time > latest) latest = time
  return latest
}

/** Whether a newcomer for whom there is no room is admitted all the same, as any user never seen would be. */
function allowsUnkept(now: f64, cost: u32, within: u32): bool {
  return onFull == ALLOW && admissible(newUser(), now, cost, within)
}

/** The user, or the one that stands for all who were never seen. */
function orNewUser(user: User | null): User {
  return user == null ? newUser() : user
}

function newUser(): User {
  return changetype<User>(NEW_USER)
}
