/** Moves simulated time on while it plays, a frame at a time, at a chosen speed. */

/** The longest real time that a frame stands for: a tab that was hidden goes on where it was. */
const LONGEST_FRAME_MS = 100

export class Player {
  speed = 1
  readonly #advance: (ms: number) => void
  #frame = 0
  #last = 0
  /** The part of a simulated millisecond that is due: the simulation takes whole ones. */
  #rest = 0

  /** @param advance is told each frame how many whole milliseconds have passed, which may be none */
  constructor(advance: (ms: number) => void) {
    this.#advance = advance
  }

  get playing(): boolean {
    return this.#frame !== 0
  }

  /** What has passed of the next millisecond, for smooth drawing at low speeds. */
  get rest(): number {
    return this.#rest
  }

  play(): void {
    if (this.playing) return
    this.#last = performance.now()
    this.#frame = requestAnimationFrame((now) => this.#tick(now))
  }

  pause(): void {
    cancelAnimationFrame(this.#frame)
    this.#frame = 0
  }

  /** Forgets what was due. */
  rewind(): void {
    this.#rest = 0
  }

  #tick(now: number): void {
    this.#frame = requestAnimationFrame((next) => this.#tick(next))
    const due = this.#rest + Math.min(LONGEST_FRAME_MS, Math.max(0, now - this.#last)) * this.speed
    this.#last = now
    const whole = Math.floor(due)
    this.#rest = due - whole
    this.#advance(whole)
  }
}
