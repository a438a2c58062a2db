/**
 * The burst tokens of one user, counted in thousandths.
 *
 * A user never seen has had `refill * t` tokens by time t, up to the capacity. A user keeps how many there were at its
 * last request; Infinity stands for as many as one never seen has. A gap longer than the pace earns `refill` for all of
 * it, a shorter one nothing, and then the number stays as it is to the bit.
 *
 * No number grows with time beyond the capacity, so whole milliseconds and a whole refill give integers, exactly, however
 * long the limiter lives. And a user who never fell behind is to the bit one never seen, which is what lets a sweep remove
 * it without changing any later answer.
 */
import { User } from './layout'
import { capacity, capacityTokens, paceMs, refill, TOKEN } from './quota'

/** As many tokens as a user never seen had at `last`, or, after a gap longer than the pace, has now. */
export const UNSPENT: f64 = Infinity

/** What a user never seen has at `time`. */
export function unspentAt(time: f64): f64 {
  return min(capacity, time * refill)
}

/** What a user whose tokens are brought to `now` has then, in thousandths. */
export function levelOf(user: User, now: f64): f64 {
  return user.tokens == UNSPENT ? unspentAt(now) : user.tokens
}

/** What the user has at `time`, in thousandths. */
export function levelAt(user: User, time: f64): f64 {
  const gap = time - user.last
  if (user.tokens == UNSPENT) return unspentAt(gap > paceMs ? time : user.last)
  return gap > paceMs ? min(capacity, user.tokens + gap * refill) : user.tokens
}

/** Tokens at `time`, with fractions. */
export function tokensAt(user: User, time: f64): f64 {
  return min(capacityTokens, levelAt(user, time) / TOKEN)
}

/** Brings the user's tokens to `now`, which then is the time of its last request. */
export function earn(user: User, now: f64): void {
  const gap = now - user.last
  if (user.tokens == UNSPENT) {
    if (gap <= paceMs) {
      const level = unspentAt(user.last)
      if (level < unspentAt(now)) user.tokens = level
    }
  } else if (gap > paceMs) {
    const level = min(capacity, user.tokens + gap * refill)
    user.tokens = level >= capacity && unspentAt(now) >= capacity ? UNSPENT : level
  }
  user.last = now
}

/** Takes `thousandths` from a user whose tokens are brought to `now`. False, taking none, if there are not so many. */
export function spend(user: User, now: f64, thousandths: f64): bool {
  const left = levelOf(user, now) - thousandths
  if (left < 0) return false
  user.tokens = left
  return true
}

/** Gives `thousandths` back, but no more than make up for what was spent by the last request. */
export function giveBack(user: User, thousandths: f64): void {
  const tokens = user.tokens + thousandths
  user.tokens = tokens < unspentAt(user.last) ? tokens : UNSPENT
}

/** Whether the user's tokens are at `time`, and from then on, those of a user never seen. */
export function caughtUp(user: User, time: f64): bool {
  if (user.tokens == UNSPENT && time - user.last > paceMs) return true
  return levelAt(user, time) >= capacity && unspentAt(time) >= capacity
}

/** About when that is, if nothing else happens. */
export function caughtUpAt(user: User): f64 {
  const idle = user.last + paceMs
  if (user.tokens == UNSPENT) return idle
  return max(idle, max(user.last + (capacity - user.tokens) / refill, capacity / refill))
}

/** About the earliest time from `from` on at which the user has `thousandths`. */
export function reachedAt(user: User, from: f64, thousandths: f64): f64 {
  if (thousandths > capacity) return Infinity
  if (levelAt(user, from) >= thousandths) return from
  const reached = user.tokens == UNSPENT ? thousandths / refill : user.last + (thousandths - user.tokens) / refill
  return max(from, max(user.last + paceMs, reached))
}
