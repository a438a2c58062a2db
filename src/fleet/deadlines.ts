/** Ends waits that take too long: one timer for all of them, since all take equally long. */

interface Wait {
  readonly until: number
  isOver: boolean
  readonly expire: () => void
}

export class Deadlines {
  readonly #ms: number
  readonly #now: () => number
  /** In order; those that are over stay until it is their turn. */
  #waits: Wait[] = []
  #first = 0
  #isSet = false

  /** @param ms how long each wait may take */
  constructor(ms: number, now: () => number) {
    this.#ms = ms
    this.#now = now
  }

  /** Begins a wait. Gives what ends it in time, to be called once; `expire` is called if that is not. */
  begin(expire: () => void): () => void {
    const wait: Wait = { until: this.#now() + this.#ms, isOver: false, expire }
    this.#waits.push(wait)
    if (!this.#isSet) this.#set(this.#ms)
    return () => {
      wait.isOver = true
    }
  }

  #set(ms: number): void {
    this.#isSet = true
    setTimeout(() => this.#ring(), Math.max(1, Math.ceil(ms)))
  }

  #ring(): void {
    this.#isSet = false
    const now = this.#now()
    const expired: Wait[] = []
    for (; this.#first < this.#waits.length; this.#first++) {
      const wait = this.#waits[this.#first] as Wait
      if (wait.isOver) continue
      if (wait.until > now) break
      wait.isOver = true
      expired.push(wait)
    }
    if (2 * this.#first > this.#waits.length) {
      this.#waits.splice(0, this.#first)
      this.#first = 0
    }
    const next = this.#waits[this.#first]
    if (next !== undefined) this.#set(next.until - now)
    for (const wait of expired) wait.expire()
  }
}
