/**
 * What the machine did while decisions were timed: garbage collections, and waits of this thread for a processor. A
 * decision that is slow because of these says nothing about the limiter.
 */
import { openSync, readSync } from 'node:fs'
import { PerformanceObserver } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'

/** What the machine did, in milliseconds. */
export interface MachineReport {
  readonly collections: { readonly count: number; readonly totalMs: number; readonly longestMs: number }
  /** How long this thread was ready to run and had no processor; `null` where the platform does not tell. */
  readonly waitedMs: number | null
}

/** How old a reading of the wait may be when a decision begins. A reading takes about as long as a decision. */
const READ_EVERY_MS = 1

/**
 * From how many milliseconds of collections and waits on a decision was held up by them. Less is in most decisions that
 * take long, and holds up nobody.
 */
const HELD_UP_MS = 0.5

interface SlowDecision {
  readonly start: number
  readonly end: number
  /** Milliseconds of it that the machine took. */
  elsewhere: number
}

export class Machine {
  readonly #slowMs: number
  readonly #readWait: () => number | null
  readonly #waitedAtStart: number | null
  readonly #observer = new PerformanceObserver((list) => this.collected(list.getEntries()))
  readonly #slow: SlowDecision[] = []
  readonly #collections = { count: 0, totalMs: 0, longestMs: 0 }
  #waited = 0
  #readAt = -Infinity

  /** @param slowMs from how many milliseconds on a decision is slow */
  constructor(slowMs: number, readWait = waitReader()) {
    this.#slowMs = slowMs
    this.#readWait = readWait
    this.#waitedAtStart = readWait()
    this.#observer.observe({ entryTypes: ['gc'] })
  }

  /** To be called before each decision, with the time by `performance.now()`. */
  before(now: number): void {
    if (now - this.#readAt < READ_EVERY_MS) return
    this.#readAt = now
    this.#waited = this.#readWait() ?? 0
  }

  /** To be called after each decision, with its times. */
  after(start: number, end: number): void {
    if (end - start <= this.#slowMs) return
    this.#slow.push({ start, end, elsewhere: (this.#readWait() ?? 0) - this.#waited })
  }

  /** Ends watching. */
  async stop(): Promise<{ slow: number; unexplained: number; machine: MachineReport }> {
    // A collection is told in a later turn.
    await nextTurn()
    this.collected(this.#observer.takeRecords())
    this.#observer.disconnect()
    const waited = this.#readWait()
    return {
      slow: this.#slow.length,
      unexplained: this.#slow.filter(({ elsewhere }) => elsewhere < HELD_UP_MS).length,
      machine: {
        collections: this.#collections,
        waitedMs: waited === null || this.#waitedAtStart === null ? null : waited - this.#waitedAtStart,
      },
    }
  }

  /** Takes note of garbage collections, by their times. */
  collected(entries: readonly { readonly startTime: number; readonly duration: number }[]): void {
    for (const { startTime, duration } of entries) {
      this.#collections.count++
      this.#collections.totalMs += duration
      this.#collections.longestMs = Math.max(this.#collections.longestMs, duration)
      // The latest come last, and collections are told soon.
      for (let at = this.#slow.length - 1; at >= 0 && this.#slow[at]!.end > startTime; at--) {
        const decision = this.#slow[at]!
        const overlap = Math.min(decision.end, startTime + duration) - Math.max(decision.start, startTime)
        decision.elsewhere += Math.max(0, overlap)
      }
    }
  }
}

/** Makes a function that tells how long the main thread has waited for a processor so far; `null` where nobody knows. */
function waitReader(): () => number | null {
  let file: number
  try {
    file = openSync('/proc/self/schedstat', 'r')
  } catch {
    return () => null
  }
  const text = Buffer.alloc(96)
  return () => {
    // Nanoseconds on a processor, nanoseconds waiting for one, and how often it got one.
    const [, waiting] = text.toString('latin1', 0, readSync(file, text, 0, text.length, 0)).split(' ')
    return Number(waiting) / 1e6
  }
}
