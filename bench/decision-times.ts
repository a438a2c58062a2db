/**
 * Times of single decisions. Each runs from the end of one decision to the end of the next, so that no pause falls
 * between two of them, and has the reading of a clock in it.
 */
import type { HistogramData } from './histogram.js'
import { BOUND_MS, Histogram } from './histogram.js'
import { runDelayReader } from './run-delay.js'
import type { Subject } from './subjects/subject.js'

export interface DecisionData {
  readonly decisions: HistogramData
  /**
   * Decisions over the bound that waiting for a processor explains, where that can be told: in their batch the thread
   * waited for at least as long as they exceeded the bound.
   */
  readonly waited: number | undefined
}

const runDelay = runDelayReader()

/** The decisions of a phase, and how many of those that took too long had to wait for a processor. */
export class DecisionTimes {
  readonly #histogram: Histogram
  #waited = runDelay() === undefined ? undefined : 0

  constructor(boundMs = BOUND_MS) {
    this.#histogram = new Histogram(boundMs)
  }

  /** Has a subject decide on `count` of the ids. */
  async time(subject: Subject, ids: readonly string[], from: number, count: number): Promise<void> {
    const { overBound, excessMs } = this.#histogram
    const delayBefore = runDelay()
    await timeEach(subject, ids, from, count, this.#histogram)
    const over = this.#histogram.overBound - overBound
    if (over === 0 || delayBefore === undefined) return
    if (runDelay()! - delayBefore >= this.#histogram.excessMs - excessMs) this.#waited! += over
  }

  data(): DecisionData {
    return { decisions: this.#histogram.data(), waited: this.#waited }
  }
}

function timeEach(
  subject: Subject,
  ids: readonly string[],
  from: number,
  count: number,
  histogram: Histogram,
): void | Promise<void> {
  if (subject.kind === 'async') return awaitEach(subject.decide, ids, from, count, histogram)
  runEach(subject.decide, ids, from, count, histogram)
}

function runEach(
  decide: (id: string) => boolean,
  ids: readonly string[],
  from: number,
  count: number,
  histogram: Histogram,
): void {
  let last = performance.now()
  for (let at = from; at < from + count; at++) {
    decide(ids[at]!)
    const now = performance.now()
    histogram.record(now - last)
    last = now
  }
}

async function awaitEach(
  decide: (id: string) => Promise<boolean>,
  ids: readonly string[],
  from: number,
  count: number,
  histogram: Histogram,
): Promise<void> {
  let last = performance.now()
  for (let at = from; at < from + count; at++) {
    await decide(ids[at]!)
    const now = performance.now()
    histogram.record(now - last)
    last = now
  }
}
