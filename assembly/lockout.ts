/**
 * Lockouts: users who are blocked. (`block` is the verb; in the core that word is taken, by memory.)
 *
 * Nothing is admitted and no token is earned until a lockout ends, so it counts as activity from its beginning to its end.
 * A user has no bytes to spare for that end, so it lies in the last eight of the ring. Of the admissions that are in the
 * window when it begins, twelve find room before it; a user with more borrows a block, as after the sixteenth.
 *
 *     user    | ... | last: -(beginning) x 2^500 | tokens: those at the beginning | ... | 12 x u16 or bins | end f64 |
 *
 * `last` is negative, so the gap to any time is beyond the window: a decision meets a lockout where it would otherwise
 * drop everything, and those that meet none pay nothing for it. One that is over stays as it is until the next request of
 * its user; questions are answered by a copy of the user, as it is without the lockout.
 */
import { LOCKED_CELLS, STAND_IN, UNTIL, User } from './layout'
import { capacity, clearMs, large } from './quota'
import { putFrontBack } from './ring'
import { copyUser } from './table'
import { ticksAt } from './ticks'
import { giveBack, UNSPENT, unspentAt } from './tokens'
import { drop, expiredCells, recordAnew, startBlock } from './window'

/**
 * A beginning is kept as a negative number beyond every time and every window, to the bit: times a power of two, 2^500. One of
 * 0 has no such number, so there is 2^-400 more of each, which is lost in any other.
 */
const SCALE: f64 = reinterpret<f64>((<u64>(1023 + 500)) << 52)
const LEAST: f64 = reinterpret<f64>((<u64>(1023 - 400)) << 52)
const FAR: f64 = SCALE * LEAST

/** A lockout that would end later never does: the clock cannot get there. */
const LATEST_END: f64 = <f64>((<u64>1) << 43)

/** When the lockout of a user ends, though it may be over; -Infinity if there is none. */
export function lockedUntil(user: User): f64 {
  return isLocked(user) ? load<f64>(changetype<usize>(user) + UNTIL) : -Infinity
}

/** When the lockout of a user began. */
export function lockedSince(user: User): f64 {
  return user.last / -SCALE - LEAST
}

/** Locks a user out whose window and tokens are brought to `now`, and who is not locked out. */
export function lockOut(user: User, now: f64, until: f64): void {
  if (user.tokens == UNSPENT) {
    const level = unspentAt(now)
    if (level < capacity) user.tokens = level
  }
  makeRoomForEnd(user)
  store<f64>(changetype<usize>(user) + UNTIL, until > LATEST_END ? Infinity : until)
  user.last = (now + LEAST) * -SCALE
}

/** Ends a lockout at `now`, or when it ended before that. */
export function lift(user: User, now: f64): void {
  // Read first: the cells that a ring brings forward are laid over the end.
  const end = min(now, lockedUntil(user))
  drop(user, liftedCells(user, now))
  endAt(user, end)
}

/** The user as it is at `time` but for a lockout: itself, or a copy that is good until the next call. */
export function withoutLockout(user: User, time: f64): User {
  return spansLockout(time - user.last) ? liftedCopy(user, time) : user
}

function liftedCopy(user: User, time: f64): User {
  const copy = changetype<User>(STAND_IN)
  copyUser(copy, user)
  const gone = liftedCells(copy, time)
  // The block is the user's, so the copy must not give it back.
  if (gone == user.cells) copy.block = 0
  drop(copy, gone)
  endAt(copy, min(time, lockedUntil(user)))
  return copy
}

/** Whether there is a lockout, be it over. A user just added has asked at -Infinity. */
export function isLocked(user: User): bool {
  return spansLockout(-user.last)
}

/** Whether the time since a user's last request is that of a lockout. */
export function spansLockout(gap: f64): bool {
  return gap >= FAR && gap < Infinity
}

function endAt(user: User, time: f64): void {
  user.last = time
  // The tokens may be those of a user never seen once more, if it ended when it began.
  giveBack(user, 0)
}

/** How many of the oldest cells of a user with a lockout have expired at `time`. */
function liftedCells(user: User, time: f64): u32 {
  return time - lockedSince(user) > clearMs ? <u32>user.cells : expiredCells(user, ticksAt(time))
}

/** Frees the place of the end of a lockout. */
function makeRoomForEnd(user: User): void {
  const cells = <u32>user.cells
  if (user.block == 0 && (cells <= LOCKED_CELLS || !startBlock(user))) {
    // Where memory is exhausted, the lockout matters more than the oldest admissions, which matter only if it is short.
    const kept = min(cells, LOCKED_CELLS)
    recordAnew(user, cells - kept, kept)
  } else if (!large) {
    putFrontBack(user)
  }
}
