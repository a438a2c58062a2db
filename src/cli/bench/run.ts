/** A run of all measurements, limiter by limiter. */
import { availableParallelism, freemem } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import { startProgress } from '../terminal/progress.js'
import type { ContenderSpec } from './limiters.js'
import { CONTENDERS } from './limiters.js'
import type { Arrival } from './measure.js'
import { LIMIT, letArrive, mostAdmitted, timeDecisions, WINDOW_MS } from './measure.js'
import type { BenchReport, LimiterFigures } from './report.js'

const FEW_USERS = 1000
export const MANY_USERS = 1_000_000

/** What a million users take in the hungriest limiter, with room for garbage. */
const BYTES_FOR_MANY = 1.5 * 2 ** 30

const WARM_UP_MS = 100

interface BenchOptions {
  /** Seconds in which decisions are timed, in all. */
  readonly seconds: number
  /** The larger number of users. */
  readonly users: number
}

/** A million users, or fewer where the machine or the heap has no room for them. */
export function usersThatFit(): number {
  const { heap_size_limit: heap } = getHeapStatistics()
  const limit = process.constrainedMemory?.() || Number.POSITIVE_INFINITY
  const room = Math.min(freemem(), limit, heap)
  return room >= BYTES_FOR_MANY ? MANY_USERS : MANY_USERS / 10
}

/** Runs all. An interrupted run reports what it measured until then. */
export async function bench({ seconds, users }: BenchOptions, signal?: AbortSignal): Promise<BenchReport> {
  const figures = CONTENDERS.map(({ name, label }): LimiterFigures => ({ ...NOTHING, name, label }))
  const ms = (1000 * seconds) / (2 * CONTENDERS.length)
  const progress = startProgress('bench', 4 * CONTENDERS.length)
  let done = 0
  const each = async (what: string, measure: (spec: ContenderSpec) => Promise<Partial<LimiterFigures>>) => {
    for (const [at, spec] of CONTENDERS.entries()) {
      if (signal?.aborted) return
      progress.update(done++, `${spec.name}: ${what}`)
      const found = await measure(spec)
      // What was cut short means nothing.
      if (!signal?.aborted) figures[at] = { ...figures[at]!, ...found }
    }
  }
  try {
    await each('counting', async (spec) => ({ mostAdmitted: await mostAdmitted(spec) }))
    // Before any is timed, so that none has the compiler for itself.
    await each('warming up', async (spec) => {
      await timed(spec, FEW_USERS, Math.min(ms, WARM_UP_MS), signal)
      return {}
    })
    await each('few users', async (spec) => ({ nsFew: (await timed(spec, FEW_USERS, ms, signal)).ns }))
    await each('many users', async (spec) => {
      const arrivals = [await arriveOnly(spec, users, signal), await arriveOnly(spec, users, signal)]
      const { arrival, ns } = await timed(spec, users, ms, signal)
      return { ...quietestOf([...arrivals, arrival]), nsMany: ns }
    })
  } finally {
    progress.stop()
  }
  return {
    interrupted: signal?.aborted ?? false,
    machine: { node: process.version, platform: `${process.platform} ${process.arch}`, cpus: availableParallelism() },
    settings: { seconds, fewUsers: FEW_USERS, manyUsers: users, limit: LIMIT, windowMs: WINDOW_MS },
    limiters: figures,
  }
}

const NOTHING = {
  nsFew: null,
  nsMany: null,
  p999Us: null,
  longestMs: null,
  mostAdmitted: null,
  bytesPerUser: null,
}

async function arriveOnly(spec: ContenderSpec, users: number, signal?: AbortSignal): Promise<Arrival> {
  const { limiter, arrival } = await letArrive(spec, users, signal)
  limiter.close()
  return arrival
}

/**
 * The least of each time: what the limiter itself does comes in all arrivals, what else the machine does, seldom. Bytes are the
 * median, since garbage of before may be missed.
 */
function quietestOf(arrivals: readonly Arrival[]): Arrival {
  const bytes = arrivals.map(({ bytesPerUser }) => bytesPerUser).sort((a, b) => a - b)
  return {
    p999Us: Math.min(...arrivals.map(({ p999Us }) => p999Us)),
    longestMs: Math.min(...arrivals.map(({ longestMs }) => longestMs)),
    bytesPerUser: bytes[bytes.length >> 1]!,
  }
}

async function timed(spec: ContenderSpec, users: number, ms: number, signal?: AbortSignal) {
  const { limiter, arrival } = await letArrive(spec, users, signal)
  try {
    return { arrival, ns: await timeDecisions(limiter, users, ms, signal) }
  } finally {
    limiter.close()
  }
}
