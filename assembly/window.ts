/**
 * The sliding window and the burst tokens of one user: all the arithmetic of allow and deny.
 *
 * Window. Each admission on the base quota leaves the tick at which it was made in the user's ring, oldest first.
 * A tick is windowMs / 30,000. An admission is rounded up to a whole tick and the present down, so a place is not given
 * back early (but for the last bit of a clock's fractions), and at most two ticks late: not at all where the clock's
 * steps are whole ticks, as whole milliseconds are in a window that divides 30 s, even ones in a minute, whole seconds
 * in five minutes. Ticks are kept modulo 2^16: an entry must not grow older than two windows, which holds because every
 * request of the user drops what has expired, and a gap beyond `clearMs` drops all without looking.
 *
 * Up to 16 admissions lie in the user itself, one a cell. A busier user borrows a block of `cells` cells, each for
 * `unit` admissions, `unit * cells >= limit`. A cell carries the time of its latest admission, so the limit holds
 * strictly; every cell but the newest is full, so at most `unit - 1` admissions are held longer than the window.
 *
 * The block is memory of its own, so a decision keeps off it: the oldest cells are brought forward to the user, up to
 * 14 at a time, and it is there that the next decisions see what has expired. Only new cells are written to the block.
 *
 * Tokens. A user never seen has had `refill * t` tokens by time t, less what overflowed the capacity. Instead of a
 * token count, a user keeps `debt`: how far it is behind that, in thousandths of a token.
 *
 *     tokens(t) = (t * refill - debt) / 1000
 *
 * Time that earns nothing (a gap within the pace), tokens spent and overflow all raise the debt; idle time costs
 * no arithmetic at all. With whole milliseconds and a whole refill every term is an integer, so no rounding builds
 * up however often tokens are earned and spent, and a user with no debt is to the bit one never seen: what a sweep
 * needs to remove users without changing any later answer.
 */
import { borrowBlock, initBlocks, returnBlock } from './blocks'
import { FRONT_CELLS, INLINE_CELLS, INLINE_RING, MAX_CELLS, User } from './layout'

/** Ticks in a window: as many as 16 bits can hold twice, and a number that the windows people choose divide well. */
const TICKS: u32 = 30000

/** Thousandths of a token. */
const TOKEN: f64 = 1000

/** Base admissions in any window. */
export let limit: u32 = 0

let windowMs: f64 = 0
/** Ticks in a millisecond where they are a whole number, which saves a division; a fraction would round, so 0. */
let ticksPerMs: f64 = 0
/** The pace of the limit: only a longer gap is inactivity. */
let paceMs: f64 = 0
/** After such a gap every admission has expired: the window and some ticks, within what 16 bits can tell. */
let clearMs: f64 = 0
/** Token capacity in thousandths. */
let capacity: f64 = 0
/** Tokens a second, which is thousandths a millisecond. */
let refill: f64 = 0

/** Admissions that a cell of a block stands for, and the cells of a block. */
let unit: u32 = 1
let blockCells: u32 = 0

/** Tokens spent by all users. */
export let burstSpent: f64 = 0

/** Sets the quota. */
export function initWindow(newLimit: u32, newWindowMs: f64, tokens: f64, refillPerSecond: f64): void {
  limit = newLimit
  windowMs = newWindowMs
  ticksPerMs = <f64>TICKS / newWindowMs
  if (ticksPerMs != floor(ticksPerMs)) ticksPerMs = 0
  paceMs = newWindowMs / <f64>newLimit
  clearMs = newWindowMs + newWindowMs / 64
  capacity = tokens * TOKEN
  refill = refillPerSecond
  unit = (limit - 1) / MAX_CELLS + 1
  blockCells = (limit - 1) / unit + 1
  initBlocks(blockCells)
}

/** Decides a request of `cost` places now, and takes them if it is allowed. */
export function decide(user: User, now: f64, cost: u32): bool {
  const ticks = ticksAt(now)
  drop(user, expiredCells(user, ticks, now - user.last))
  user.debt = debtAt(user, now)
  user.last = now

  const free = limit - countWithout(user, 0)
  if (cost <= free) return push(user, cost, ticks)
  const tokens = cost - free
  const spend = <f64>tokens * TOKEN
  if (now * refill - user.debt < spend) return false
  if (free > 0 && !push(user, free, ticks)) return false
  user.debt += spend
  burstSpent += <f64>tokens
  return true
}

/** What `decide` would say at `time`; changes nothing. */
export function admissible(user: User, time: f64, cost: u32): bool {
  const free = freePlaces(user, time)
  return cost <= free || <f64>(cost - free) * TOKEN <= time * refill - debtAt(user, time)
}

/** Free base places at `time`. */
export function freePlaces(user: User, time: f64): u32 {
  return limit - countWithout(user, expiredCells(user, ticksAt(time), time - user.last))
}

/** Tokens at `time`, with fractions. */
export function tokensAt(user: User, time: f64): f64 {
  return min(capacity / TOKEN, max(0, (time * refill - debtAt(user, time)) / TOKEN))
}

/**
 * Whether the user is to the bit like one never seen, at `now` and at any later time: the window is empty, and the
 * tokens are full, or were never behind and the user is idle already.
 */
export function isStale(user: User, now: f64): bool {
  const gap = now - user.last
  const debt = debtAt(user, now)
  if (debt > now * refill - capacity && (debt > 0 || gap <= paceMs)) return false
  return windowEmpty(user, now)
}

/** Whether no admission is in the window. */
export function windowEmpty(user: User, now: f64): bool {
  return expiredCells(user, ticksAt(now), now - user.last) == user.cells
}

/** Forgets every admission, and gives a borrowed block back. */
export function clearWindow(user: User): void {
  if (user.block != 0) returnBlock(user.block)
  user.block = 0
  user.head = 0
  user.cells = 0
}

/** The earliest time from `now` on at which `cost` is admissible if nothing else happens. */
export function admissibleAt(user: User, now: f64, cost: u32): f64 {
  const cells = <u32>user.cells
  const ticks = ticksAt(now)
  let earliest = Infinity
  // The more cells expire, the later it is and the fewer tokens are needed: the best of these is the answer.
  for (let gone = expiredCells(user, ticks, now - user.last), from = now; ; ) {
    const free = limit - countWithout(user, gone)
    if (cost <= free) {
      earliest = min(earliest, from)
      break
    }
    earliest = min(earliest, tokensReach(user, from, <f64>(cost - free) * TOKEN))
    if (gone == cells) break
    from = max(now, expiryOf(user, gone, ticks))
    gone++
  }
  let step = ulp(earliest)
  while (earliest < Infinity && !admissible(user, earliest, cost)) {
    earliest += step
    step += step
  }
  return earliest
}

/** The earliest time from `now` on at which the window is empty. */
export function emptyAt(user: User, now: f64): f64 {
  if (windowEmpty(user, now)) return now
  return expiryOf(user, user.cells - 1, ticksAt(now))
}

/** The earliest time from `now` on at which the user is stale if nothing else happens. */
export function staleAt(user: User, now: f64): f64 {
  const empty = emptyAt(user, now)
  if (isStale(user, empty)) return empty
  const idle = user.last + paceMs
  const full = max(idle, (user.debt + capacity) / refill)
  let time = max(empty, user.debt <= 0 ? idle : full)
  let step = ulp(time)
  while (time < Infinity && !isStale(user, time)) {
    time += step
    step += step
  }
  return time
}

/** The earliest time from `from` on at which the user has `thousandths` of tokens. */
function tokensReach(user: User, from: f64, thousandths: f64): f64 {
  if (thousandths > capacity) return Infinity
  if (from * refill - debtAt(user, from) >= thousandths) return from
  return max(from, max(user.last + paceMs, (user.debt + thousandths) / refill))
}

/** The user's debt at `time`: grown by a gap that earned nothing, and by what overflowed. */
function debtAt(user: User, time: f64): f64 {
  const gap = time - user.last
  // A gap that earns nothing keeps the tokens as they were to the bit, so that no whole one is lost to rounding.
  const debt = gap > paceMs ? user.debt : time * refill - (user.last * refill - user.debt)
  return max(debt, time * refill - capacity)
}

function ticksAt(time: f64): f64 {
  return ticksPerMs > 0 ? time * ticksPerMs : (time * <f64>TICKS) / windowMs
}

/** How many ticks before `tick` an entry of a ring was made: -1, for one just rounded up, or more. */
function age(entry: u32, tick: u32): i32 {
  return <i32>((tick + 1 - entry) & 0xffff) - 1
}

/** Where the `index`th oldest cell is. */
function cellAt(user: User, index: u32): usize {
  let cell = <u32>user.head + index
  if (user.block == 0) return inlineCell(user, cell & (INLINE_CELLS - 1))
  if (index < <u32>user.front) return inlineCell(user, cell)
  cell = <u32>user.behind + index - user.front
  if (cell >= blockCells) cell -= blockCells
  return <usize>user.block + ((<usize>cell) << 1)
}

function inlineCell(user: User, cell: u32): usize {
  return changetype<usize>(user) + INLINE_RING + ((<usize>cell) << 1)
}

/** How many of the oldest cells have expired. */
function expiredCells(user: User, ticks: f64, gap: f64): u32 {
  const cells = <u32>user.cells
  if (gap > clearMs) return cells
  const tick = <u32>(<i64>ticks)
  let expired: u32 = 0
  while (expired < cells && age(load<u16>(cellAt(user, expired)), tick) >= <i32>TICKS) expired++
  return expired
}

/** The earliest time at which the `index`th oldest cell has expired. */
function expiryOf(user: User, index: u32, ticks: f64): f64 {
  const made = floor(ticks) - <f64>age(load<u16>(cellAt(user, index)), <u32>(<i64>ticks))
  const due = made + <f64>TICKS
  let time = (due * windowMs) / <f64>TICKS
  while (floor(ticksAt(time)) < due) time += ulp(time)
  return time
}

/** Admissions in the window once the oldest `expired` cells are gone. */
function countWithout(user: User, expired: u32): u32 {
  const cells = <u32>user.cells - expired
  if (cells == 0) return 0
  return user.block != 0 ? (cells - 1) * unit + user.newest : cells
}

/** Drops the oldest `expired` cells. */
function drop(user: User, expired: u32): void {
  if (expired == 0) return
  if (expired == user.cells) {
    clearWindow(user)
    return
  }
  user.cells -= <u8>expired
  if (user.block == 0) {
    user.head = <u8>((<u32>user.head + expired) & (INLINE_CELLS - 1))
  } else if (expired < <u32>user.front) {
    user.head += <u8>expired
    user.front -= <u8>expired
  } else {
    bringForward(user, expired - user.front)
  }
}

/** Drops what is left of the front and the oldest `expired` cells of the block, and fills the front again. */
function bringForward(user: User, expired: u32): void {
  user.behind = <u8>((<u32>user.behind + expired) % blockCells)
  user.front = 0
  const front = min(FRONT_CELLS, <u32>user.cells)
  for (let cell: u32 = 0; cell < front; cell++) store<u16>(inlineCell(user, cell), load<u16>(cellAt(user, cell)))
  user.behind = <u8>((<u32>user.behind + front) % blockCells)
  user.front = <u8>front
  user.head = 0
}

/** Records `places` admissions made now. False, recording none, if a block is needed and memory is exhausted. */
function push(user: User, places: u32, ticks: f64): bool {
  const entry = <u32>(<i64>ceil(ticks))
  if (user.block == 0) {
    if (<u32>user.cells + places <= INLINE_CELLS) {
      for (let i: u32 = 0; i < places; i++) store<u16>(cellAt(user, user.cells++), entry)
      return true
    }
    if (!moveToBlock(user)) return false
  }
  pushToBlock(user, places, entry)
  return true
}

function pushToBlock(user: User, places: u32, entry: u32): void {
  let newest = user.newest
  while (places > 0) {
    if (user.cells == 0 || newest == unit) {
      user.cells++
      newest = 0
    }
    const taken = min(unit - newest, places)
    newest += taken
    places -= taken
    store<u16>(cellAt(user, user.cells - 1), entry)
  }
  assert(<u32>user.cells <= blockCells)
  user.newest = newest
}

/** Moves the inline admissions to a block. False if memory is exhausted. */
function moveToBlock(user: User): bool {
  const block = borrowBlock()
  if (block == 0) return false
  const singles = <u32>user.cells
  const cells = (singles + unit - 1) / unit
  for (let cell: u32 = 0; cell < cells; cell++) {
    const latest = min((cell + 1) * unit, singles) - 1
    store<u16>(<usize>block + ((<usize>cell) << 1), load<u16>(cellAt(user, latest)))
  }
  user.newest = singles - (cells - 1) * unit
  user.block = block
  user.cells = <u8>cells
  user.behind = 0
  user.front = 0
  bringForward(user, 0)
  return true
}

/** The distance from a time, not negative, to the next that a f64 can tell. */
function ulp(time: f64): f64 {
  return reinterpret<f64>(reinterpret<u64>(time) + 1) - time
}
