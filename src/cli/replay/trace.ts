/**
 * Who came when: the requests of a log, recorded compactly, so that limiters can run over them again and again.
 *
 * Memory: 12 bytes a request, in arrays that double when full, so up to 36 while they do; 16 more while they are
 * sorted; and each user's name once.
 */
import { LogError } from './log-error.js'

/** The most users that a `Map` can hold. */
const MOST_USERS = 2 ** 24

const FIRST_LENGTH = 65_536

/**
 * Requests in the order of the log, or sorted by time. In the order of the log, a time before the latest seen counts as
 * that latest, as in the limiter.
 */
export class Trace {
  /** Names of users, by number. */
  readonly names: string[] = []
  /** Requests that came with a time before the latest seen, and the largest such step. */
  outOfOrder = 0
  largestStepBackMs = 0
  /** Whether no time has a fraction of a second. */
  wholeSeconds = true
  #length = 0
  #times = new Float64Array(FIRST_LENGTH)
  #users = new Uint32Array(FIRST_LENGTH)
  readonly #numbers = new Map<string, number>()
  #latest = Number.NEGATIVE_INFINITY
  readonly #sorted: boolean

  /** @param sorted whether `sort` will be called, so that times are kept as they come */
  constructor(sorted = false) {
    this.#sorted = sorted
  }

  add(name: string, timeMs: number): void {
    if (timeMs < this.#latest) {
      this.outOfOrder++
      this.largestStepBackMs = Math.max(this.largestStepBackMs, this.#latest - timeMs)
    } else {
      this.#latest = timeMs
    }
    if (timeMs % 1000 !== 0) this.wholeSeconds = false
    if (this.#length === this.#times.length) this.#double()
    this.#times[this.#length] = this.#sorted ? timeMs : this.#latest
    this.#users[this.#length] = this.#numberOf(name)
    this.#length++
  }

  /** Sorts by time; requests of the same time stay in the order of the log. */
  sort(): void {
    if (this.outOfOrder === 0) return
    const { times, users } = this
    const order = new Uint32Array(times.length).map((_, at) => at)
    order.sort((a, b) => times[a]! - times[b]! || a - b)
    this.#times = Float64Array.from(order, (at) => times[at]!)
    this.#users = Uint32Array.from(order, (at) => users[at]!)
  }

  /** Drops all requests but the first `length`. */
  cut(length: number): void {
    this.#length = length
  }

  /** How many requests there are. */
  get length(): number {
    return this.#length
  }

  /** Milliseconds, each no less than the one before. */
  get times(): Float64Array {
    return this.#times.subarray(0, this.#length)
  }

  /** Numbers of users. */
  get users(): Uint32Array {
    return this.#users.subarray(0, this.#length)
  }

  #double(): void {
    const times = new Float64Array(2 * this.#length)
    times.set(this.#times)
    this.#times = times
    const users = new Uint32Array(2 * this.#length)
    users.set(this.#users)
    this.#users = users
  }

  #numberOf(name: string): number {
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    const number = this.names.length
    if (number === MOST_USERS) throw new LogError(`more than ${MOST_USERS} users are too many for a replay`)
    this.#numbers.set(name, number)
    this.names.push(name)
    return number
  }
}

/** Counts the requests of each user; given marks of 0 and 1, those marked. */
export function countByUser({ users, names }: Trace, marks?: Uint8Array): Uint32Array {
  const counts = new Uint32Array(names.length)
  for (let at = 0; at < users.length; at++) counts[users[at]!]! += marks ? marks[at]! : 1
  return counts
}
