/** Ends waits that take too long: one timer for all of them, since all take equally long. */

/** A timer that is later than this was held up with the whole process: answers may lie there that nobody has looked at yet. */
const LATE_MS = 5

/** So many that are over may stay before the rest is moved up. */
const KEPT = 1024

interface Wait {
  readonly until: number
  /** Undefined once it is over: then it holds nothing. */
  expire: (() => void) | undefined
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

  /** Begins a wait: `expire` is called unless it is ended in time. */
  begin(expire: () => void): Wait {
    const now = this.#now()
    const wait: Wait = { until: now + this.#ms, expire }
    this.#waits.push(wait)
    // Fake timers that came or went meanwhile may have taken the timer with them.
    const isLost = this.#setter !== globalThis.setTimeout || now > this.#ringsAt + this.#ms
    if (this.#ring === undefined || isLost) this.#set(now, this.#ms)
    return wait
  }

  /** Ends a wait. */
  end(wait: Wait): void {
    wait.expire = undefined
    this.#moveUp()
  }

  /** Leaves out those at the front that are over. */
  #moveUp(): void {
    const waits = this.#waits
    while (this.#first < waits.length && waits[this.#first]?.expire === undefined) this.#first++
    if (this.#first < waits.length && (this.#first < KEPT || 2 * this.#first < waits.length)) return
    waits.splice(0, this.#first)
    this.#first = 0
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
    const expired: (() => void)[] = []
    for (let at = this.#first; at < this.#waits.length; at++) {
      const wait = this.#waits[at] as Wait
      if (wait.until > now) break
      if (wait.expire !== undefined) expired.push(wait.expire)
      wait.expire = undefined
    }
    this.#moveUp()
    const next = this.#waits[this.#first]
    if (next !== undefined) this.#set(now, next.until - now)
    for (const expire of expired) expire()
  }
}
