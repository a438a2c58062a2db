/** Ends waits that take too long: one timer for all of them, since all take equally long. */

/** A timer that is later than this was held up with the whole process: answers may lie there that nobody has looked at yet. */
const LATE_MS = 5

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
  /** What the timer calls, when, and what it was set with; another timer that still fires is none of ours. */
  #ring: (() => void) | undefined
  #ringsAt = 0
  #setter: typeof setTimeout | undefined

  /** @param ms how long each wait may take */
  constructor(ms: number, now: () => number) {
    this.#ms = ms
    this.#now = now
  }

  /** Begins a wait. Gives what ends it in time, to be called once; `expire` is called if that is not. */
  begin(expire: () => void): () => void {
    const now = this.#now()
    const wait: Wait = { until: now + this.#ms, isOver: false, expire }
    this.#waits.push(wait)
    // Fake timers that came or went meanwhile may have taken the timer with them.
    const isLost = this.#setter !== globalThis.setTimeout || now > this.#ringsAt + this.#ms
    if (this.#ring === undefined || isLost) this.#set(now, this.#ms)
    return () => {
      wait.isOver = true
    }
  }

  #set(now: number, ms: number, isSecondLook = false): void {
    const ring = () => {
      if (this.#ring === ring) this.#look(isSecondLook)
    }
    this.#ring = ring
    this.#ringsAt = now + ms
    const { setTimeout } = globalThis
    this.#setter = setTimeout
    setTimeout(ring, Math.max(1, Math.ceil(ms)))
  }

  #look(isSecond: boolean): void {
    this.#ring = undefined
    const now = this.#now()
    // A turn of the event loop lets those answers in.
    if (!isSecond && now > this.#ringsAt + LATE_MS) {
      this.#set(now, 0, true)
      return
    }
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
    if (next !== undefined) this.#set(now, next.until - now)
    for (const wait of expired) wait.expire()
  }
}
