/**
 * The timer that sweeps and grows memory: a little at a time, so that no decision waits long for it.
 *
 * Each slice takes at most `SLICE_MS`, then pauses for the share of the interval that it swept of the table, so a pass
 * takes about one interval at any size. After a pass the timer rests until somebody can be stale, and no timer runs while
 * there is nobody; whoever joins meanwhile wakes it. So fake timers that are run until none is left come to an end.
 */
import { JOINED, LOW_RESERVE } from './abi.js'
import { LONGEST_TIMER_MS, startTimer } from './background-timer.js'
import { systemClock } from './clock.js'

/** Time that a slice may take, in milliseconds: felt by nobody, and long beside what starting it costs. */
const SLICE_MS = 0.2

/** Pages swept between two looks at the clock: few beside a slice, and many beside what a look costs. */
const PAGES_A_STEP = 8

/** What a sweeper works on. */
export interface SweepTarget {
  /** Sweeps so many pages. True when that ended a pass. */
  sweepPages(pages: number): boolean
  /** Pages that a pass has to sweep. */
  countPages(): number
  /** Milliseconds until the first of the users that the last pass left is stale; Infinity if it left none. */
  restMs(): number
  /** Grows memory, if little is left. */
  growAhead(): void
  /** Tells which bits of attention to ask for. */
  listenFor(bits: number): void
}

/** Sweeps in the background. It holds its target weakly, so that a limiter that is dropped is collected. */
export class Sweeper {
  readonly #target: WeakRef<SweepTarget>
  readonly #intervalMs: number
  /** Forget about the timers that run. */
  #cancelSweep: (() => void) | undefined
  #cancelGrowth: (() => void) | undefined
  /** Pages of the table when the pass began, 0 between passes: a pass may merge most, and must not slow down for that. */
  #pagesOfPass = 0
  #joinedInPass = false
  #listeningFor = 0

  /** @param intervalMs time for a pass over the whole table, in milliseconds */
  constructor(target: SweepTarget, intervalMs: number) {
    this.#target = new WeakRef(target)
    this.#intervalMs = intervalMs
    this.#listen(JOINED | LOW_RESERVE, 0)
  }

  /** Sees to what the core has asked for. */
  attend(bits: number): void {
    if (bits & LOW_RESERVE) {
      this.#listen(0, LOW_RESERVE)
      this.#cancelGrowth ??= startTimer(() => this.#grow(), 0)
    }
    if (bits & JOINED) {
      this.#listen(0, JOINED)
      if (this.#pagesOfPass > 0) this.#joinedInPass = true
      else this.#schedule(this.#intervalMs)
    }
  }

  stop(): void {
    this.#cancelSweep?.()
    this.#cancelGrowth?.()
  }

  #listen(more: number, less: number): void {
    this.#listeningFor = (this.#listeningFor | more) & ~less
    this.#target.deref()?.listenFor(this.#listeningFor)
  }

  #grow(): void {
    this.#cancelGrowth = undefined
    this.#target.deref()?.growAhead()
    this.#listen(LOW_RESERVE, 0)
  }

  #schedule(delayMs: number): void {
    this.#cancelSweep?.()
    this.#cancelSweep = startTimer(() => this.#tick(), Math.min(Math.max(1, delayMs), LONGEST_TIMER_MS))
  }

  #tick(): void {
    this.#cancelSweep = undefined
    const target = this.#target.deref()
    if (target === undefined) return
    try {
      this.#slice(target)
    } catch {
      // The limiter's clock failed. That is for the next decision to throw, to a caller who can catch it; thrown from
      // a timer it would end the process. The sweep is tried again an interval later.
      this.#schedule(this.#intervalMs)
    }
  }

  #slice(target: SweepTarget): void {
    if (this.#pagesOfPass === 0) {
      this.#pagesOfPass = target.countPages()
      this.#joinedInPass = false
      this.#listen(JOINED, 0)
    }
    const { swept, ended } = sweepSlice(target)
    if (!ended) {
      this.#schedule(this.#intervalMs * Math.min(1, swept / this.#pagesOfPass))
      return
    }
    this.#pagesOfPass = 0
    const restMs = this.#joinedInPass ? 0 : target.restMs()
    if (restMs > this.#intervalMs) {
      if (restMs < Infinity) this.#schedule(restMs)
    } else {
      this.#listen(0, JOINED)
      this.#schedule(this.#intervalMs)
    }
  }
}

/** Sweeps one slice; gives how many pages it swept, and whether that ended a pass. */
function sweepSlice(target: SweepTarget): { swept: number; ended: boolean } {
  const end = systemClock() + SLICE_MS
  let swept = 0
  do {
    swept += PAGES_A_STEP
    if (target.sweepPages(PAGES_A_STEP)) return { swept, ended: true }
  } while (systemClock() < end)
  return { swept, ended: false }
}
