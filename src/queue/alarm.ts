/** The one timer of a queue. It holds the process, since somebody awaits a promise. */
import { LONGEST_TIMER_MS } from '../limiter/index.js'

interface Timer {
  readonly at: number
  /** What it was set with: fake timers may have come or gone since, and the timer with them. */
  readonly setTimeout: unknown
  cancel(): void
}

export class Alarm {
  readonly #ring: () => void
  #timer: Timer | undefined

  constructor(ring: () => void) {
    this.#ring = ring
  }

  get isSet(): boolean {
    return this.#timer !== undefined
  }

  /**
   * Has it ring at a time, unless it rings by then anyway. It may ring early: then it is to be set again.
   *
   * @param at `Infinity` for never
   */
  set(at: number, now: number): void {
    const { setTimeout, clearTimeout } = globalThis
    const timer = this.#timer
    if (timer && at !== Infinity && timer.at <= at && timer.setTimeout === setTimeout) return
    timer?.cancel()
    this.#timer = undefined
    if (at === Infinity) return
    const ring = () => {
      this.#timer = undefined
      this.#ring()
    }
    const handle = setTimeout(ring, Math.min(Math.ceil(at - now), LONGEST_TIMER_MS))
    this.#timer = { at, setTimeout, cancel: () => clearTimeout(handle) }
  }
}
