/**
 * How many admissions lie in the window `(t - windowMs, t]`, and the most that ever did: the same measure for every
 * limiter, whatever it believes its window to be.
 */
export class WindowCount {
  readonly #windowMs: number
  /** A ring of admission times, oldest at `#head`, that doubles when it is full. */
  #times = new Float64Array(64)
  #head = 0
  #length = 0
  #worst = 0

  constructor(windowMs: number) {
    this.#windowMs = windowMs
  }

  /** The most admissions that any window had so far. */
  get worst(): number {
    return this.#worst
  }

  /** Counts an admission. Times never go back. */
  add(time: number): void {
    this.#forget(time)
    if (this.#length === this.#times.length) this.#grow()
    this.#times[(this.#head + this.#length) % this.#times.length] = time
    this.#length++
    this.#worst = Math.max(this.#worst, this.#length)
  }

  /** Takes back the newest admission, if it is still in the window that ends at `time`. */
  undo(time: number): void {
    this.#forget(time)
    if (this.#length > 0) this.#length--
  }

  /** Admissions in the window that ends at `time`. */
  at(time: number): number {
    this.#forget(time)
    return this.#length
  }

  #forget(time: number): void {
    while (this.#length > 0 && (this.#times[this.#head] as number) <= time - this.#windowMs) {
      this.#head = (this.#head + 1) % this.#times.length
      this.#length--
    }
  }

  #grow(): void {
    const old = this.#times
    this.#times = new Float64Array(2 * old.length)
    this.#times.set(old.subarray(this.#head))
    this.#times.set(old.subarray(0, this.#head), old.length - this.#head)
    this.#head = 0
  }
}
