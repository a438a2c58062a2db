/**
 * What the machine does by itself: a loop that reads the clock and does nothing else. A pause that it sees too is no
 * pause of a limiter.
 */
import type { HistogramData } from './histogram.js'
import { Histogram } from './histogram.js'

/** A shorter look would say little. */
const LEAST_MS = 1000

/** Loops for as long as something else took, or a second if that is longer. */
export function timeEmptyLoop(tookMs: number, boundMs: number): HistogramData {
  const histogram = new Histogram(boundMs)
  const end = performance.now() + Math.max(LEAST_MS, tookMs)
  let last = performance.now()
  while (last < end) {
    const now = performance.now()
    histogram.record(now - last)
    last = now
  }
  return histogram.data()
}

/** How many times over the bound the machine makes in `tookMs`, by what the empty loop saw. */
export function machineOverBound(empty: HistogramData, tookMs: number): number {
  return (empty.overBound * tookMs) / empty.totalMs
}
