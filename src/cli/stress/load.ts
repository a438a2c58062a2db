/**
 * The load of the stress run: many clients at once, each asking for a random user again and again.
 */
import { createHistogram, performance } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Quota } from '../../limiter/index.js'
import { loadLimiter, optionsFor } from '../../limiter/index.js'
import { grouped } from '../terminal/format.js'
import { startProgress } from '../terminal/progress.js'
import type { Judgement } from './judge.js'
import { Judge } from './judge.js'
import type { MachineReport } from './machine.js'
import { Machine } from './machine.js'
import type { World } from './world.js'
import { WatchedClock } from './world.js'

/** The promise: no decision takes longer, in milliseconds. */
export const SLOW_MS = 2

const NANOSECONDS = 1e6
const REDRAW_MS = 100

/** How much load, and for how long. */
export interface LoadOptions {
  /** In seconds. */
  readonly duration: number
  readonly users: number
  readonly clients: number
}

export interface LoadReport extends Judgement {
  readonly durationMs: number
  readonly requests: number
  readonly requestsPerSecond: number
  readonly allowed: number
  /** How many of these were paid for by burst tokens. */
  readonly fromBurst: number
  readonly denied: number
  /** How long decisions took in milliseconds, one reading of the clock included. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly p999: number; readonly max: number }
  /** Decisions that took more than 2 ms. */
  readonly slowDecisions: number
  /** Those that overlapped with neither a garbage collection nor a wait for a processor. */
  readonly slowDecisionsUnexplained: number
  readonly machine: MachineReport
  readonly passed: boolean
}

export async function runLoad(
  { duration, users, clients }: LoadOptions,
  quota: Quota,
  world: World,
  signal?: AbortSignal,
): Promise<LoadReport> {
  const clock = new WatchedClock(world.clock)
  using limiter = await loadLimiter({
    ...optionsFor(quota),
    maxUsers: users,
    clock: clock.read,
  })
  const judge = new Judge(quota)
  const latencies = createHistogram()
  const machine = new Machine(SLOW_MS)
  const total = { requests: 0, allowed: 0, fromBurst: 0 }

  const ask = () => {
    const user = `user_${1 + Math.floor(Math.random() * users)}`
    const start = performance.now()
    machine.before(start)
    const before = performance.now()
    const decision = limiter.check(user)
    const after = performance.now()
    machine.after(before, after)
    latencies.record(Math.max(1, Math.round((after - before) * NANOSECONDS)))
    judge.judge(user, clock.elapsed, decision)
    total.requests++
    total.fromBurst += decision.fromBurst
    if (decision.allowed) total.allowed++
  }
  const start = world.clock()
  const end = start + duration * 1000
  const client = async () => {
    while (world.clock() < end && !signal?.aborted) {
      ask()
      await nextTurn()
    }
  }

  const progress = startProgress('stress', duration * 1000)
  const show = () => progress.update(world.clock() - start, `${grouped(total.requests)} requests`)
  const ticker = setInterval(show, REDRAW_MS)
  try {
    await Promise.all(Array.from({ length: clients }, client))
  } finally {
    clearInterval(ticker)
    progress.stop()
  }
  const durationMs = world.clock() - start

  const { slow, unexplained, machine: observed } = await machine.stop()
  const ms = (nanoseconds: number) => nanoseconds / NANOSECONDS
  return {
    durationMs,
    requests: total.requests,
    requestsPerSecond: durationMs > 0 ? (total.requests / durationMs) * 1000 : 0,
    allowed: total.allowed,
    fromBurst: total.fromBurst,
    denied: total.requests - total.allowed,
    latencyMs: {
      p50: ms(latencies.percentile(50)),
      p99: ms(latencies.percentile(99)),
      p999: ms(latencies.percentile(99.9)),
      max: ms(latencies.max),
    },
    slowDecisions: slow,
    slowDecisionsUnexplained: unexplained,
    machine: observed,
    ...judge.findings,
    passed: judge.findings.tooMuch === 0 && judge.findings.tooLittle === 0,
  }
}
