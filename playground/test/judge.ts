/**
 * What the page should say of a user: requests decided by the oracle, and by the two other limiters in the plainest way.
 */
import { Oracle } from '../../src/cli/stress/oracle.js'
import type { Quota } from '../../src/limiter/index.js'

interface Request {
  time: number
  outcome: 'base' | 'burst' | 'denied'
  fixed: boolean
  bucket: boolean
}

/** What the page should say of a user. */
export interface Expected {
  quota: Quota
  requests: Request[]
  base: number
  burst: number
  denied: number
  admitted: { fixed: number; bucket: number }
  worst: { base: number; spillway: number; fixed: number; bucket: number }
  fill: number
  tokens: number
}

/** Decides requests that were sent at some times, and sums up at `now`. */
export function judge(quota: Quota, times: readonly number[], now: number): Expected {
  const { limit, windowMs } = quota
  const oracle = new Oracle(quota)
  const inWindow = new Map<number, number>()
  // In tokens times `windowMs`, to stay with whole numbers.
  let bucket = limit * windowMs
  let last = 0
  const requests = times.map((time): Request => {
    const { base, burst } = oracle.decide('user', time)
    const window = Math.floor(time / windowMs)
    const used = inWindow.get(window) ?? 0
    const fixed = used < limit
    if (fixed) inWindow.set(window, used + 1)
    bucket = Math.min(limit * windowMs, bucket + (time - last) * limit)
    last = time
    const full = bucket >= windowMs
    if (full) bucket -= windowMs
    return { time, outcome: base ? 'base' : burst ? 'burst' : 'denied', fixed, bucket: full }
  })
  const timesOf = (admits: (request: Request) => boolean) => requests.filter(admits).map(({ time }) => time)
  const worst = (admits: (request: Request) => boolean) => worstWindow(timesOf(admits), windowMs)
  const count = (outcome: Request['outcome']) => requests.filter((request) => request.outcome === outcome).length
  return {
    quota,
    requests,
    base: count('base'),
    burst: count('burst'),
    denied: count('denied'),
    admitted: { fixed: timesOf(({ fixed }) => fixed).length, bucket: timesOf(({ bucket }) => bucket).length },
    worst: {
      base: worst(({ outcome }) => outcome === 'base'),
      spillway: worst(({ outcome }) => outcome !== 'denied'),
      fixed: worst(({ fixed }) => fixed),
      bucket: worst(({ bucket }) => bucket),
    },
    fill: limit - oracle.free('user', now),
    tokens: oracle.thousandths('user', now) / 1000,
  }
}

/** What a queue makes of requests of one user, who may be `most` to wait: its starts, and how many are left out or wait. */
export function judgeWaiting(
  quota: Quota,
  times: readonly number[],
  now: number,
  most = 2 * quota.limit,
): { starts: { time: number; came: number; isBase: boolean }[]; refused: number; waiting: number } {
  const oracle = new Oracle(quota)
  const starts: { time: number; came: number; isBase: boolean }[] = []
  const waiting: number[] = []
  let refused = 0
  const take = (time: number, came: number) => {
    const { base, burst } = oracle.decide('user', time)
    if (base || burst) starts.push({ time, came, isBase: base > 0 })
    return base || burst
  }
  let next = 0
  for (let time = 0; time <= now; time++) {
    while (waiting.length > 0 && (oracle.free('user', time) > 0 || oracle.thousandths('user', time) >= 1000)) {
      take(time, waiting.shift()!)
    }
    for (; times[next] === time; next++) {
      if (waiting.length === 0 && take(time, time)) continue
      if (waiting.length < most) waiting.push(time)
      else refused++
    }
  }
  return { starts, refused, waiting: waiting.length }
}

/** The most of some times that lie in any half-open window: one that ends at one of them. */
function worstWindow(times: readonly number[], windowMs: number): number {
  return Math.max(0, ...times.map((end) => times.filter((time) => time > end - windowMs && time <= end).length))
}

/** The times of a stream up to `end`. */
export function until(arrivals: Iterator<number>, end: number): number[] {
  const times: number[] = []
  for (let next = arrivals.next(); !next.done && next.value <= end; next = arrivals.next()) times.push(next.value)
  return times
}
