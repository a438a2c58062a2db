/**
 * A clock that costs what the platform's does and shows what the benchmark wants: windows fill and empty when they
 * should, however fast the machine is.
 */
export class SteppingClock {
  #now = 0
  readonly #stepMs: number

  /** @param stepMs how far each reading moves on */
  constructor(stepMs: number) {
    this.#stepMs = stepMs
  }

  /** Reads it, which reads the platform's clock too. */
  readonly read = (): number => {
    this.#now += performance.now() > 0 ? this.#stepMs : 0
    return this.#now
  }

  advance(ms: number): void {
    this.#now += ms
  }
}
