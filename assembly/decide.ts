/** Allow or deny: what the window and the tokens of one user come to. */
import { INLINE_CELLS, User } from './layout'
import { limit, TOKEN } from './quota'
import { ticksAt, ulp } from './ticks'
import { caughtUp, caughtUpAt, earn, levelAt, reachedAt, spend } from './tokens'
import { countWithout, drop, emptyAt, expiredCells, expiryOf, freeWithout, isEmpty, push } from './window'

/** Tokens spent by all users. */
export let burstSpent: f64 = 0

/** Decides a request of `cost` places now, and takes them if it is allowed. */
export function decide(user: User, now: f64, cost: u32): bool {
  const ticks = ticksAt(now)
  drop(user, expiredCells(user, ticks, now - user.last))
  earn(user, now)
  const free = limit - countWithout(user, 0)
  if (cost <= free && push(user, cost, ticks)) return true
  return decideByTokens(user, now, cost, free, ticks)
}

/** Decides a request for which the free places do not suffice, or not the memory to record them. */
function decideByTokens(user: User, now: f64, cost: u32, free: u32, ticks: f64): bool {
  let base = min(cost, free)
  let tokens = cost - base
  if (<f64>tokens * TOKEN > levelAt(user, now)) return false
  if (base > 0 && !push(user, base, ticks)) {
    base = INLINE_CELLS - user.cells
    tokens = cost - base
    if (<f64>tokens * TOKEN > levelAt(user, now)) return false
    push(user, base, ticks)
  }
  spend(user, now, <f64>tokens * TOKEN)
  burstSpent += <f64>tokens
  return true
}

/** What `decide` would say at `time`; changes nothing. */
export function admissible(user: User, time: f64, cost: u32): bool {
  const free = freePlaces(user, time)
  return cost <= free || <f64>(cost - free) * TOKEN <= levelAt(user, time)
}

/** Free base places at `time`. */
export function freePlaces(user: User, time: f64): u32 {
  return freeWithout(user, expiredCells(user, ticksAt(time), time - user.last))
}

/** Base places taken at `time`. */
export function placesTaken(user: User, time: f64): u32 {
  return countWithout(user, expiredCells(user, ticksAt(time), time - user.last))
}

/** The earliest time from `now` on at which `cost` is admissible if nothing else happens. */
export function admissibleAt(user: User, now: f64, cost: u32): f64 {
  const cells = <u32>user.cells
  const ticks = ticksAt(now)
  let earliest = Infinity
  // The more cells expire, the later it is and the fewer tokens are needed: the best of these is the answer.
  for (let gone = expiredCells(user, ticks, now - user.last), from = now; ; ) {
    const free = freeWithout(user, gone)
    if (cost <= free) {
      earliest = min(earliest, from)
      break
    }
    earliest = min(earliest, reachedAt(user, from, <f64>(cost - free) * TOKEN))
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

/** Whether the user equals a new one from `now` on: the window is empty, and the tokens are those of one never seen. */
export function isStale(user: User, now: f64): bool {
  return caughtUp(user, now) && isEmpty(user, now)
}

/** The earliest time from `now` on at which the user is stale if nothing else happens. */
export function staleAt(user: User, now: f64): f64 {
  const empty = emptyAt(user, now)
  if (isStale(user, empty)) return empty
  let time = max(empty, caughtUpAt(user))
  let step = ulp(time)
  while (time < Infinity && !isStale(user, time)) {
    time += step
    step += step
  }
  return time
}
