/**
 * Admissions whose start lies ahead.
 *
 * ## Why no window ever holds more starts than the limit
 *
 * The limiter records an admission when it decides, but what was admitted starts later: after other code, or after a pause of the
 * whole process. Starts may so bunch up in a window though the records do not. Therefore, once a start is over (the synchronous
 * part of a job has returned, or the code after `await acquire()` has run), its record moves to that moment: the places
 * are given back and charged anew, in one synchronous step. Hence
 *
 * 1. before it moves, a record is no later than the start, and after it has moved, no earlier;
 * 2. whoever is admitted meanwhile is admitted only if the limiter still counts all records that have not moved (`held`), which
 *    its own decision tells; else the admission is undone, and waits until they have moved.
 *
 * Take the last start of a window, and the moment at which it was admitted, which was no later. Each other start in the window is
 * less than a window before that moment, or after it. Its record was counted then: by 1 if it had moved, by 2 if not. So all of them
 * together are at most the limit. The limiter gives the newest places back first, so those of all starts that
 * are not over move together. Calls that ask the limiter directly meanwhile may change places with them: the starts of the
 * queue stay within the limit, the calls take what is left.
 */
import type { Decision } from '../limiter/index.js'
import type { QueueLimiter } from './options.js'
import type { User, Waiter } from './waiters.js'

/** Steps of microtasks until code that awaits an admission has started: two where it awaits directly, four through a function. */
const STEPS_TO_START = 4

/** The least wait, in case that a limiter has none for a denial. */
const LEAST_WAIT_MS = 0.01

/** What `ask` gives when others have to start first. */
export const AFTER_STARTS = -1

/** Its reactions are microtasks. Not `queueMicrotask`, which fake timers replace, and which is slower in Node. */
export const done = Promise.resolve()

export class Starts {
  readonly #limiter: QueueLimiter
  readonly #ended: (users: Iterable<User>) => void
  /** Users with admissions by `acquire` whose start may lie ahead. */
  #starting = new Set<User>()
  #stepsLeft = 0

  /** @param ended is called with users of whom starts are over, once the records of all have moved */
  constructor(limiter: QueueLimiter, ended: (users: Iterable<User>) => void) {
    this.#limiter = limiter
    this.#ended = ended
  }

  /**
   * Has the limiter decide about a waiter. Gives its decision if that is an admission; else the milliseconds until it may be one,
   * or `AFTER_STARTS`.
   */
  ask({ user, request, cost, isJob }: Waiter, peeks: boolean): Decision | number {
    let decision = peeks ? this.#limiter.peek(user.id, request) : undefined
    if (decision?.allowed !== false) decision = this.#limiter.check(user.id, request)
    const { allowed, retryAfterMs, fromBurst, limit, remaining } = decision
    if (typeof allowed !== 'boolean') throw new TypeError('limiter must decide at once')
    // A wait that ends, whatever a limiter tells: asked again at once for ever, it would hang the process.
    if (!allowed) return Math.max(retryAfterMs || 0, LEAST_WAIT_MS)
    const base = cost - fromBurst
    if (user.held > 0 && limit - remaining < user.held + base) {
      this.#limiter.refund(user.id, cost, fromBurst)
      return AFTER_STARTS
    }
    user.held += base
    if (isJob || !this.#starting.has(user)) user.starting++
    if (!isJob) {
      this.#starting.add(user)
      if (this.#stepsLeft === 0) done.then(this.#step)
      this.#stepsLeft = STEPS_TO_START
    }
    return decision
  }

  /** Moves what is recorded of users' starts to now, one or more of each of which are over. */
  end(users: Iterable<User>): void {
    for (const user of users) {
      try {
        if (user.held > 0) {
          this.#limiter.refund(user.id, user.held)
          this.#limiter.charge(user.id, user.held)
        }
      } catch {
        // A limiter that fails, or was closed, fails whoever comes next.
      }
      if (--user.starting === 0) user.held = 0
    }
    this.#ended(users)
  }

  readonly #step = (): void => {
    if (--this.#stepsLeft > 0) {
      done.then(this.#step)
      return
    }
    const starting = this.#starting
    this.#starting = new Set()
    this.end(starting)
  }
}
