/** Allow or deny: what the window and the tokens of one user come to. */
import { INLINE_CELLS, User } from './layout'
import { isLocked, lift, lockedUntil, spansLockout, withoutLockout } from './lockout'
import { clearMs, limit, TOKEN } from './quota'
import { ticksAt, ulp } from './ticks'
import { caughtUp, caughtUpAt, earn, giveBack, levelAt, levelOf, reachedAt, spend } from './tokens'
import {
  clearWindow,
  count,
  countWithout,
  drop,
  emptyAt,
  expiredAt,
  expiredCells,
  expiryOf,
  freeWithout,
  isEmpty,
  placesUpTo,
  push,
  takeBack,
} from './window'

/** Tokens spent by all users. */
export let burstSpent: f64 = 0

/**
 * Decides a request of `cost` places now under the limit `within`, and takes them if it is allowed. Afterwards the window and
 * the tokens of the user are those of `now`, unless a lockout denies the request.
 */
export function decide(user: User, now: f64, cost: u32, within: u32): bool {
  const ticks = ticksAt(now)
  const gap = now - user.last
  if (gap <= clearMs) {
    const gone = expiredCells(user, ticks)
    if (gone > 0) drop(user, gone)
  } else if (spansLockout(gap)) {
    if (!liftIfOver(user, now)) return false
  } else if (user.cells > 0) {
    clearWindow(user)
  }
  earn(user, now)
  const taken = count(user)
  if (taken + cost <= within && push(user, cost, ticks)) return true
  return decideByTokens(user, now, cost, taken, within, ticks)
}

function liftIfOver(user: User, now: f64): bool {
  const over = lockedUntil(user) <= now
  if (over) lift(user, now)
  return over
}

/** Brings the window and the tokens of a user to `now`, which then is the time of its last request. Ends a lockout. */
export function bringTo(user: User, now: f64): void {
  if (isLocked(user)) lift(user, now)
  drop(user, expiredAt(user, now))
  earn(user, now)
}

/** The activity of a request without the request: what `decide` would say. */
export function weigh(user: User, now: f64, cost: u32, within: u32): bool {
  if (lockedUntil(user) > now) return false
  bringTo(user, now)
  return admissible(user, now, cost, within)
}

/** Decides a request for which the free places do not suffice, or not the memory to record them. */
function decideByTokens(user: User, now: f64, cost: u32, taken: u32, within: u32, ticks: f64): bool {
  let base = min(cost, placesUpTo(within, taken))
  if (<f64>(cost - base) * TOKEN > levelOf(user, now)) return false
  if (base > 0 && !push(user, base, ticks)) {
    base = INLINE_CELLS - user.cells
    if (<f64>(cost - base) * TOKEN > levelOf(user, now)) return false
    push(user, base, ticks)
  }
  pay(user, now, cost - base)
  return true
}

function pay(user: User, now: f64, tokens: u32): void {
  spend(user, now, <f64>tokens * TOKEN)
  burstSpent += <f64>tokens
}

/** Takes `cost` places, or as many as there are, from a user brought to `now`. Gives how many there were not. */
export function charge(user: User, now: f64, cost: u32): u32 {
  const base = min(cost, freePlaces(user, now, limit))
  const level = levelOf(user, now)
  let tokens = min(cost - base, <u32>(level / TOKEN))
  // The division may have rounded up.
  if (<f64>tokens * TOKEN > level) tokens--
  if (base > 0) push(user, base, ticksAt(now))
  if (tokens > 0) pay(user, now, tokens)
  return cost - base - tokens
}

/** Undoes admissions of a user who is not locked out: as many of the newest base places as are in the window, and tokens. */
export function refund(user: User, now: f64, base: u32, tokens: u32): void {
  takeBack(user, min(base, placesTaken(user, now)))
  if (tokens > 0) giveBack(user, <f64>tokens * TOKEN)
}

/** What `decide` would say at `time` of a user who is not locked out; changes nothing. */
export function admissible(user: User, time: f64, cost: u32, within: u32): bool {
  const free = freePlaces(user, time, within)
  return cost <= free || <f64>(cost - free) * TOKEN <= levelAt(user, time)
}

/** Free base places at `time` under the limit `within`. */
export function freePlaces(user: User, time: f64, within: u32): u32 {
  return freeWithout(user, expiredAt(user, time), within)
}

/** Base places taken at `time`. */
export function placesTaken(user: User, time: f64): u32 {
  return countWithout(user, expiredAt(user, time))
}

/** The earliest time from `now` on at which `cost` is admissible if nothing else happens. */
export function admissibleAt(user: User, now: f64, cost: u32, within: u32): f64 {
  const cells = <u32>user.cells
  const ticks = ticksAt(now)
  let earliest = Infinity
  // The more cells expire, the later it is and the fewer tokens are needed: the best of these is the answer.
  for (let gone = expiredAt(user, now), from = now; ; ) {
    const free = freeWithout(user, gone, within)
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
  while (earliest < Infinity && !admissible(user, earliest, cost, within)) {
    earliest += step
    step += step
  }
  return earliest
}

/** Whether the user equals a new one from `now` on: no lockout, the window empty, and the tokens those of one never seen. */
export function isStale(user: User, now: f64): bool {
  // Of a lockout this tells nothing yet, but it comes first: most users have spent tokens, and none has to be read for it.
  return caughtUp(user, now) && (isLocked(user) ? isStaleOnceLifted(user, now) : isEmpty(user, now))
}

function isStaleOnceLifted(user: User, now: f64): bool {
  return lockedUntil(user) <= now && isStale(withoutLockout(user, now), now)
}

/** The earliest time from `now` on at which the user is stale if nothing else happens. */
export function staleAt(user: User, now: f64): f64 {
  now = max(now, lockedUntil(user))
  if (now == Infinity) return now
  user = withoutLockout(user, now)
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
