/** The world that a stress run needs: time. Tests give it a clock of their own, which stands in for hours. */
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

export interface World {
  /** Milliseconds that never go back. */
  readonly clock: () => number
  /** Resolves when the clock has gone on by `ms`, or when the signal is aborted. */
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>
}

export const realWorld: World = {
  clock: () => performance.now(),
  wait: (ms, signal) =>
    sleep(ms, undefined, signal && { signal }).catch((error: unknown) => {
      if (!signal?.aborted) throw error
    }),
}

/** A clock that remembers its readings: the first is the time of loading, the latest that of the last decision. */
export class WatchedClock {
  readonly #clock: () => number
  #first: number | undefined
  #latest = 0

  constructor(clock: () => number) {
    this.#clock = clock
  }

  readonly read = (): number => {
    this.#latest = this.#clock()
    this.#first ??= this.#latest
    return this.#latest
  }

  /** The latest reading, in milliseconds since the first. */
  get elapsed(): number {
    return this.#latest - (this.#first ?? this.#latest)
  }
}
