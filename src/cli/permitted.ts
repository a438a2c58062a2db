/**
 * What the rules permit one user, decided by the plainest means: a list of admission times and a count of tokens. The
 * stress run holds the limiter to it.
 */

export interface Rules {
  readonly limit: number
  readonly windowMs: number
  readonly capacity: number
  readonly refillPerSecond: number
}

/** Counts the requests of one user that the rules admit, at the times at which they were really made. */
export class Permitted {
  /** Requests admitted so far. */
  admitted = 0

  readonly #rules: Rules
  readonly #times: number[] = []
  /** Admissions before this index have left the window. */
  #oldest = 0
  #last = -Infinity
  #thousandths = 0

  constructor(rules: Rules) {
    this.#rules = rules
  }

  /** Takes a request at `time`, in milliseconds since the limiter was loaded. */
  ask(time: number): void {
    const { limit, windowMs, capacity, refillPerSecond } = this.#rules
    const gap = Math.min(time, time - this.#last)
    if (time - this.#last > windowMs / limit) this.#thousandths += gap * refillPerSecond
    this.#thousandths = Math.min(this.#thousandths, capacity * 1000)
    this.#last = time
    while (this.#oldest < this.#times.length && this.#times[this.#oldest] <= time - windowMs) this.#oldest++
    if (this.#times.length - this.#oldest < limit) {
      this.#times.push(time)
    } else if (this.#thousandths >= 1000) {
      this.#thousandths -= 1000
    } else {
      return
    }
    this.admitted++
  }
}

/**
 * The least that a limiter may admit under these rules: its places come back up to two ticks of a 30,000th of the
 * window late, and of a limit above 64 up to one cell's worth later still.
 */
export function strictest(rules: Rules): Rules {
  const heldLate = Math.ceil(rules.limit / 64) - 1
  return { ...rules, limit: rules.limit - heldLate, windowMs: rules.windowMs * (1 + 2 / 30_000) }
}
