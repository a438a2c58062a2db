/**
 * The timer that sweeps and grows memory: a little at a time, so that no decision waits long for it.
 *
 * Each slice takes at most `SLICE_MS`, then pauses for the share of the interval that it swept of the table, so a pass
 * takes about one interval at any size. After a pass the timer rests until somebody can be stale, and no timer runs while
 * there is nobody; whoever joins meanwhile wakes it.
 *
 * Fake timers are run until none is left, and may go before theirs have fired. So where the limiter's clock does not keep
 * pace with the timers, passes become rarer and end; and while timers are faked the sweeper goes on listening, to notice
 * that a timer was lost with them.
 */
import { JOINED, LOW_RESERVE } from './abi.js'
import type { BackgroundTimer } from './background-timer.js'
import { LONGEST_TIMER_MS, startTimer } from './background-timer.js'
import { hasSystemClock, systemClock } from './clock.js'

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
  /** Milliseconds since loading, by the limiter's clock. */
  now(): number
  /** When the first of the users that the last pass left is stale, likewise; Infinity if it left none. */
  nextStaleAt(): number
  /** Grows memory, if little is left. */
  growAhead(): void
  /** Tells which bits of attention to ask for. */
  listenFor(bits: number): void
}

/** Sweeps in the background. It holds its target weakly, so that a limiter that is dropped is collected. */
export class Sweeper {
  readonly #target: WeakRef<SweepTarget>
  readonly #intervalMs: number
  #sweepTimer: BackgroundTimer | undefined
  #growTimer: BackgroundTimer | undefined
  /** Whether the sweep timer fires later than an interval after it was set. */
  #resting = false
  /** Pages of the table when the pass began, 0 between passes: a pass may merge most, and must not slow down for that. */
  #pagesOfPass = 0
  #joinedInPass = false
  /** What the limiter's clock is to show when the next pass begins, if it keeps pace with the timers. */
  #expected = -Infinity
  /** Passes in a row that the clock did not keep pace with. */
  #outOfPace = 0
  #listeningFor = 0
  #stopped = false

  /** @param intervalMs time for a pass over the whole table, in milliseconds */
  constructor(target: SweepTarget, intervalMs: number) {
    this.#target = new WeakRef(target)
    this.#intervalMs = intervalMs
    this.#listen(JOINED | LOW_RESERVE, 0)
  }

  /** Sees to what the core has asked for. Where no timer can be set, or it may be lost, it is asked again. */
  attend(bits: number): void {
    if (bits & LOW_RESERVE) {
      if (this.#growTimer === undefined || this.#growTimer.isLost()) this.#growTimer = startTimer(() => this.#grow(), 0)
      if (this.#growTimer?.faked === false) this.#listen(0, LOW_RESERVE)
    }
    if (bits & JOINED) {
      if (this.#pagesOfPass > 0) this.#joinedInPass = true
      if (this.#sweepTimer === undefined || this.#sweepTimer.isLost() || this.#resting) {
        this.#outOfPace = 0
        this.#expected = -Infinity
        this.#schedule(this.#intervalMs)
      }
      if (this.#sweepTimer?.faked === false) this.#listen(0, JOINED)
    }
  }

  stop(): void {
    this.#stopped = true
    this.#sweepTimer?.cancel()
    this.#growTimer?.cancel()
  }

  #listen(more: number, less: number): void {
    this.#listeningFor = (this.#listeningFor | more) & ~less
    this.#target.deref()?.listenFor(this.#listeningFor)
  }

  #grow(): void {
    this.#growTimer = undefined
    if (this.#stopped) return
    this.#target.deref()?.growAhead()
    this.#listen(LOW_RESERVE, 0)
  }

  #schedule(delayMs: number): void {
    this.#sweepTimer?.cancel()
    // The limiter may have been closed within the slice, by its own clock.
    if (this.#stopped) return
    this.#resting = delayMs > this.#intervalMs
    this.#sweepTimer = startTimer(() => this.#tick(), Math.min(Math.max(1, delayMs), LONGEST_TIMER_MS))
  }

  /** Schedules the next pass, if there is to be one: later and later where the clock does not keep pace. */
  #schedulePass(now: number, restMs: number): void {
    const delayMs = Math.max(this.#intervalMs, restMs) * 2 ** this.#outOfPace
    this.#listen(JOINED, 0)
    if (restMs === Infinity || (this.#outOfPace > 0 && delayMs > LONGEST_TIMER_MS)) return
    // Half, since a clock may be coarse.
    this.#expected = now + Math.min(delayMs, LONGEST_TIMER_MS) / 2
    this.#schedule(delayMs)
    if (!this.#resting && this.#sweepTimer?.faked === false) this.#listen(0, JOINED)
  }

  #tick(): void {
    this.#sweepTimer = undefined
    const target = this.#target.deref()
    if (target === undefined || this.#stopped) return
    try {
      this.#slice(target)
    } catch {
      // The limiter's clock failed. That is for the next decision to throw, to a caller who can catch it; thrown from
      // a timer it would end the process. The sweep is tried again.
      this.#outOfPace++
      this.#schedulePass(-Infinity, 0)
    }
  }

  #slice(target: SweepTarget): void {
    if (this.#pagesOfPass === 0) {
      this.#outOfPace = target.now() < this.#expected ? this.#outOfPace + 1 : 0
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
    const now = target.now()
    this.#schedulePass(now, this.#joinedInPass ? 0 : Math.max(0, target.nextStaleAt() - now))
  }
}

/** Sweeps one slice; gives how many pages it swept, and whether that ended a pass. */
function sweepSlice(target: SweepTarget): { swept: number; ended: boolean } {
  const clock = hasSystemClock() ? systemClock : Date.now
  const end = clock() + SLICE_MS
  let swept = 0
  do {
    swept += PAGES_A_STEP
    if (target.sweepPages(PAGES_A_STEP)) return { swept, ended: true }
  } while (clock() < end)
  return { swept, ended: false }
}
