/**
 * The ABI of the core: what the wrapper may call, and nothing else.
 *
 * Times are f64 milliseconds since the limiter was loaded. A handle comes as its low and high 32 bits, since a u64
 * would be a BigInt, an allocation, on the other side. Results of more than one number are left in the report.
 */
import { pagesForBlocks } from './blocks'
import { absorb, begin, finish, setKey } from './hash'
import { INLINE_CELLS, PAGE_SIZE, User, directoryAt, reportAt, scratchAt, strangerAt } from './layout'
import { forcedGrowths, growAhead, initPages, usedPages } from './memory'
import { evicted, initRoom, join, roomAt } from './room'
import { restartSweep, sweepSlice, swept } from './sweep'
import { depthFor, directoryBytes, find, initTable, pagesForUsers, removeHandle, tablePages, users } from './table'
import {
  admissible,
  admissibleAt,
  burstSpent,
  decide as decideUser,
  emptyAt,
  freePlaces,
  initWindow,
  tokensAt,
} from './window'

/** Times above this are told apart no more by whole milliseconds; 285,000 years. */
const LATEST: f64 = 9007199254740991

/** What is done when memory is full, as numbered in the wrapper. */
const DENY: u32 = 1
const ALLOW: u32 = 2

let onFull: u32 = 0
let latest: f64 = 0
let allowed: f64 = 0
let denied: f64 = 0

export { absorb, begin, growAhead, reportAt, restartSweep, scratchAt }

/** Prepares the instance: once, before all else. False if memory for `maxUsers` cannot be reserved. */
export function init(
  maxUsers: u32,
  newLimit: u32,
  windowMs: f64,
  capacity: f64,
  refillPerSecond: f64,
  newOnFull: u32,
): bool {
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
  const stranger = changetype<User>(strangerAt())
  stranger.last = -Infinity
  return initTable(maxDepth)
}

/** Sets the 128-bit key of the hash. */
export function key(a: u32, b: u32, c: u32, d: u32): void {
  setKey(a, b, c, d)
}

/** Hashes the last `bytes` of an id; gives the low half of the handle and leaves the high half in the report. */
export function handle(bytes: usize): u32 {
  const hash = finish(bytes)
  store<u32>(reportAt(), <u32>(hash >> 32))
  return <u32>hash
}

/** Decides a request. */
export function decide(low: u32, high: u32, time: f64, cost: u32): bool {
  return decideHandle(join64(low, high), observe(time), cost)
}

/** Decides a request, and reports where the user then stands. */
export function check(low: u32, high: u32, time: f64, cost: u32): bool {
  const id = join64(low, high)
  const now = observe(time)
  const admitted = decideHandle(id, now, cost)
  reportOn(id, now, cost, admitted)
  return admitted
}

/** What `check` would say and report; changes nothing. */
export function peek(low: u32, high: u32, time: f64, cost: u32): bool {
  const id = join64(low, high)
  const now = observe(time)
  const user = find(id)
  const turnedAway = user == null && roomAt(id, now) > now
  const admitted = turnedAway ? onFull == ALLOW : admissible(orStranger(user), now, cost)
  reportOn(id, now, cost, admitted)
  return admitted
}

/** The user's tokens, with fractions. */
export function tokens(low: u32, high: u32, time: f64): f64 {
  return tokensAt(orStranger(find(join64(low, high))), observe(time))
}

/** Forgets the user. */
export function reset(low: u32, high: u32): void {
  removeHandle(join64(low, high))
}

/** Sweeps up to `pages` pages. True when that ended a pass over the table. */
export function sweep(time: f64, pages: u32): bool {
  return sweepSlice(observe(time), pages)
}

/** Leaves the statistics in the report, in the order that the wrapper's `StatsReport` names. */
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
}

function decideHandle(id: u64, now: f64, cost: u32): bool {
  let user = find(id)
  if (user == null) user = join(id, now)
  const admitted = user == null ? onFull == ALLOW : decideUser(user, now, cost)
  if (admitted) allowed++
  else denied++
  return admitted
}

/** Reports free places, tokens, when the same call is admitted, and when the window is empty. */
function reportOn(id: u64, now: f64, cost: u32, admitted: bool): void {
  const known = find(id)
  const user = orStranger(known)
  put(0, <f64>freePlaces(user, now))
  put(1, tokensAt(user, now))
  let retry = now
  if (!admitted) {
    retry = admissibleAt(user, now, cost)
    if (known == null) retry = max(retry, roomAt(id, now))
  }
  put(2, retry)
  put(3, emptyAt(user, now))
}

/** The time to decide at: it never runs backwards. */
// @ts-ignore: decorator
@inline function observe(time: f64): f64 {
  if (time > latest) latest = min(time, LATEST)
  return latest
}

// @ts-ignore: decorator
@inline function join64(low: u32, high: u32): u64 {
  return (<u64>low) | ((<u64>high) << 32)
}

/** The user, or the one that stands for all who were never seen. */
function orStranger(user: User | null): User {
  return user == null ? changetype<User>(strangerAt()) : user
}

// @ts-ignore: decorator
@inline function put(index: usize, value: f64): void {
  store<f64>(reportAt() + (index << 3), value)
}
