/**
 * Measurements of one limiter. All limiters get the same requests: ids that are new strings each time, as requests bring them,
 * and time that passes with each, so that a user asks for somewhat more than its limit, however fast the machine is.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { manualClock } from '../../limiter/index.js'
import type { Contender, ContenderSpec, Terms } from './limiters.js'

export const LIMIT = 50
export const WINDOW_MS = 1000

/** Requests of a user in a window: six fifths of the limit. */
const ASKED = 60

const BATCH = 10_000
const FEWEST_BATCHES = 3

/** What a user may be about to see: most admissions in any window, at a limit of `LIMIT`. */
export async function mostAdmitted({ make }: ContenderSpec): Promise<number> {
  const clock = manualClock(0)
  const limiter = await make({ limit: LIMIT, windowMs: WINDOW_MS, clock, users: 1000 })
  const admitted: number[] = []
  let most = 0
  let oldest = 0
  const ask = (now: number) => {
    if (!limiter.decide('user')) return
    admitted.push(now)
    while (admitted[oldest]! <= now - WINDOW_MS) oldest++
    most = Math.max(most, admitted.length - oldest)
  }
  ask(0)
  // Silent until the first window is nearly over, then more than is admitted, for two windows.
  clock.advance(0.9 * WINDOW_MS)
  for (let now = 0.9 * WINDOW_MS; now < 3 * WINDOW_MS; now++) {
    ask(now)
    ask(now)
    clock.advance(1)
  }
  limiter.close()
  return most
}

/** What arriving users saw, and what they cost. */
export interface Arrival {
  /** Microseconds. */
  readonly p999Us: number
  /** Milliseconds. */
  readonly longestMs: number
  readonly bytesPerUser: number
}

interface Measured {
  readonly limiter: Contender
  readonly arrival: Arrival
}

/** Makes a limiter and lets users arrive, one decision each, of which each is timed. */
export async function letArrive({ make }: ContenderSpec, users: number, signal?: AbortSignal): Promise<Measured> {
  const times = new Float64Array(users)
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  const limiter = await make(termsFor(users))
  for (let first = 0; first < users && !signal?.aborted; first += BATCH) {
    const ids = Array.from({ length: Math.min(BATCH, users - first) }, (_, i) => idOf(first + i))
    for (let i = 0; i < ids.length; i++) {
      const start = performance.now()
      limiter.decide(ids[i]!)
      times[first + i] = performance.now() - start
    }
    await nextTurn()
  }
  collectGarbage()
  const bytes = process.memoryUsage().heapUsed - before + limiter.bytesOutside()
  times.sort()
  const arrival = {
    p999Us: 1000 * times[Math.min(users - 1, Math.floor(0.999 * users))]!,
    longestMs: times[users - 1]!,
    bytesPerUser: Math.max(0, bytes / users),
  }
  return { limiter, arrival }
}

/** Nanoseconds of a decision about random ones of the users: the median of batches. */
export async function timeDecisions(
  { decide }: Contender,
  users: number,
  ms: number,
  signal?: AbortSignal,
): Promise<number> {
  const batches: number[] = []
  let random = 1
  let spent = 0
  let admitted = 0
  while ((spent < ms || batches.length < FEWEST_BATCHES) && !signal?.aborted) {
    const ids: string[] = []
    for (let i = 0; i < BATCH; i++) {
      random ^= random << 13
      random ^= random >>> 17
      random ^= random << 5
      ids.push(idOf((random >>> 0) % users))
    }
    const start = performance.now()
    for (let i = 0; i < BATCH; i++) if (decide(ids[i]!)) admitted++
    const took = performance.now() - start
    spent += took
    batches.push((1e6 * took) / BATCH)
    await nextTurn()
  }
  if (admitted < 0) throw new Error('a result that is used is not left out by the compiler')
  batches.sort((a, b) => a - b)
  return batches[batches.length >> 1] ?? Number.NaN
}

/** Each reading costs what that of a real clock costs. */
function termsFor(users: number): Terms {
  const step = WINDOW_MS / (ASKED * users)
  let now = 0
  const clock = () => {
    now += step
    return performance.now() < 0 ? 0 : now
  }
  return { limit: LIMIT, windowMs: WINDOW_MS, clock, users }
}

function idOf(user: number): string {
  return `user-${user}`
}

let collect: (() => void) | undefined

function collectGarbage(): void {
  if (!collect) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
  }
  // What a first one frees may hold more.
  collect()
  collect()
}
