/**
 * The timer that sweeps: a little at a time, so that no decision waits long for it.
 *
 * Each slice sweeps for at most `SLICE_MS` and is followed by a pause that is as long a part of the interval as the
 * slice was of the table, so that a pass takes about one interval, whatever the size of the table.
 */
import { unref } from './background-timer.js'

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
}

/**
 * Sweeps in the background until stopped or until the target is collected: the timer holds it weakly, and keeps no
 * process alive.
 *
 * @param intervalMs time for a pass over the whole table, in milliseconds
 * @returns a function that stops it
 */
export function startSweeper(target: SweepTarget, intervalMs: number): () => void {
  const held = new WeakRef(target)
  let stopped = false
  /** Pages of the table when the pass began: it may merge most of them, and must not slow down for that. */
  let pagesOfPass = 0
  let timer: ReturnType<typeof setTimeout>
  const schedule = (delayMs: number) => {
    // The limiter may have been closed within the slice, by its own clock.
    if (stopped) return
    timer = setTimeout(tick, delayMs)
    unref(timer)
  }
  const tick = () => {
    const alive = held.deref()
    if (!alive) return
    let part = 1
    try {
      if (pagesOfPass === 0) pagesOfPass = alive.countPages()
      const { swept, ended } = sweepSlice(alive)
      part = Math.min(1, swept / pagesOfPass)
      if (ended) pagesOfPass = 0
    } catch {
      // The limiter's clock failed. That is for the next decision to throw, to a caller who can catch it; thrown from
      // a timer it would end the process. The sweep is tried again an interval later.
    }
    schedule(Math.max(1, intervalMs * part))
  }
  schedule(intervalMs)
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}

/** Sweeps one slice; gives how many pages it swept, and whether that ended a pass. */
function sweepSlice(target: SweepTarget): { swept: number; ended: boolean } {
  const end = performance.now() + SLICE_MS
  let swept = 0
  do {
    swept += PAGES_A_STEP
    if (target.sweepPages(PAGES_A_STEP)) return { swept, ended: true }
  } while (performance.now() < end)
  return { swept, ended: false }
}
