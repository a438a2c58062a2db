/**
 * A histogram of durations that allocates nothing while it records: log-linear buckets, 64 to each power of two, so
 * that a quantile is read with an error below 1.6 %. Counts are exact, and so are the maximum and what is over the bound.
 */

const LINEAR_BITS = 6
const LINEAR = 1 << LINEAR_BITS
/** Durations from one nanosecond to four seconds; what takes longer is put at the maximum. */
const LONGEST_NS = 0xffffffff
const BUCKETS = (33 - LINEAR_BITS) * LINEAR

/** What a decision promises to stay under. */
export const BOUND_MS = 2

/** What a histogram has seen, as it goes into results: buckets that are empty are left out. */
export interface HistogramData {
  readonly count: number
  /** All durations together, in milliseconds. */
  readonly totalMs: number
  readonly maxMs: number
  readonly overBound: number
  /** Pairs of bucket and count. */
  readonly buckets: readonly (readonly [number, number])[]
}

export class Histogram {
  readonly #counts = new Float64Array(BUCKETS)
  /** In memory of its own: a number field of an object would be boxed anew at each store. */
  readonly #sums = new Float64Array(4)
  readonly #boundMs: number

  /** @param boundMs what takes longer is counted */
  constructor(boundMs = BOUND_MS) {
    this.#boundMs = boundMs
  }

  /** Records a duration in milliseconds. */
  record(ms: number): void {
    this.#counts[bucketOf(ms * 1e6)]!++
    this.#sums[0]! += ms
    if (ms > this.#sums[1]!) this.#sums[1] = ms
    if (ms <= this.#boundMs) return
    this.#sums[2]!++
    this.#sums[3]! += ms - this.#boundMs
  }

  /** Durations over the bound so far. */
  get overBound(): number {
    return this.#sums[2]!
  }

  /** By how much those over the bound exceeded it, together, so far. */
  get excessMs(): number {
    return this.#sums[3]!
  }

  data(): HistogramData {
    const buckets: [number, number][] = []
    let count = 0
    for (const [bucket, seen] of this.#counts.entries()) {
      if (seen === 0) continue
      buckets.push([bucket, seen])
      count += seen
    }
    const [totalMs = 0, maxMs = 0, overBound = 0] = this.#sums
    return { count, totalMs, maxMs, overBound, buckets }
  }
}

/** Puts histograms of several rounds together. */
export function merge(parts: readonly HistogramData[]): HistogramData {
  const counts = new Map<number, number>()
  for (const { buckets } of parts) {
    for (const [bucket, count] of buckets) counts.set(bucket, (counts.get(bucket) ?? 0) + count)
  }
  return {
    count: parts.reduce((sum, { count }) => sum + count, 0),
    totalMs: parts.reduce((sum, { totalMs }) => sum + totalMs, 0),
    maxMs: parts.reduce((most, { maxMs }) => Math.max(most, maxMs), 0),
    overBound: parts.reduce((sum, { overBound }) => sum + overBound, 0),
    buckets: [...counts].sort(([a], [b]) => a - b),
  }
}

/** The duration in milliseconds that a share of what was recorded did not exceed. */
export function quantile({ count, maxMs, buckets }: HistogramData, share: number): number {
  const rank = Math.ceil(share * count)
  let seen = 0
  for (const [bucket, inBucket] of buckets) {
    seen += inBucket
    if (seen >= rank) return bucket === BUCKETS - 1 ? maxMs : Math.min(maxMs, topOf(bucket) / 1e6)
  }
  return maxMs
}

function bucketOf(ns: number): number {
  const whole = Math.min(Math.max(ns, 0), LONGEST_NS) >>> 0
  if (whole < LINEAR) return whole
  const shift = 31 - LINEAR_BITS - Math.clz32(whole)
  return shift * LINEAR + (whole >>> shift)
}

function topOf(bucket: number): number {
  if (bucket < 2 * LINEAR) return bucket + 1
  const shift = Math.floor(bucket / LINEAR) - 1
  return (bucket - shift * LINEAR + 1) * 2 ** shift
}
