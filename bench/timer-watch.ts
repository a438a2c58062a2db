/**
 * Times what runs in timers. Preloaded by `--import`, so that `setTimeout`, `setInterval` and `setImmediate` are
 * watched before any limiter is imported, which may keep the ones that it finds then.
 */
import { Histogram } from './histogram.js'
import { runDelayReader } from './run-delay.js'

type Callback = (...given: unknown[]) => void
type Start = (run: Callback, ...rest: unknown[]) => unknown

const NAMES = ['setTimeout', 'setInterval', 'setImmediate'] as const

const runDelay = runDelayReader()
let watch: TimerWatch | undefined

/** The callbacks of timers, from when they are watched on. */
class TimerWatch {
  readonly #boundMs: number
  readonly #histogram: Histogram
  #waited = runDelay() === undefined ? undefined : 0

  constructor(boundMs: number) {
    this.#boundMs = boundMs
    this.#histogram = new Histogram(boundMs)
  }

  run(callback: () => void): void {
    const delayBefore = runDelay()
    const start = performance.now()
    try {
      callback()
    } finally {
      const took = performance.now() - start
      this.#histogram.record(took)
      if (took > this.#boundMs && delayBefore !== undefined) {
        if (runDelay()! - delayBefore >= took - this.#boundMs) this.#waited! += 1
      }
    }
  }

  /** Times of callbacks, and how many would have kept to the bound without waiting for a processor. */
  data() {
    return { callbacks: this.#histogram.data(), waited: this.#waited }
  }
}

/** Watches timers from now on. */
export function watchTimers(boundMs: number): TimerWatch {
  watch = new TimerWatch(boundMs)
  return watch
}

for (const name of NAMES) {
  const real = globalThis[name] as unknown as Start
  const watched: Start = (run, ...rest) =>
    real((...given: unknown[]) => (watch ? watch.run(() => run(...given)) : run(...given)), ...rest)
  Object.defineProperties(watched, Object.getOwnPropertyDescriptors(real))
  Object.assign(globalThis, { [name]: watched })
}
