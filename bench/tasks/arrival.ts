/**
 * Many users arrive, with a turn of the event loop every few thousand, in which a limiter may get memory ready ahead of
 * need, or in a loop that never yields, in which it cannot.
 */
import type { DecisionData } from '../decision-times.js'
import { DecisionTimes } from '../decision-times.js'
import { timeEmptyLoop } from '../empty-loop.js'
import { turn } from '../event-loop.js'
import type { HistogramData } from '../histogram.js'
import { IdMaker } from '../ids.js'
import { subjectNamed } from '../subjects/index.js'
import type { Subject, SubjectSpec } from '../subjects/subject.js'
import { WINDOW_MS } from '../subjects/subject.js'

export interface ArrivalSetup {
  readonly subject: string
  readonly users: number
  /** Whether the event loop turns while they arrive. */
  readonly yields: boolean
}

export interface ArrivalResult extends DecisionData {
  /** How often memory grew within a decision, where the subject says so. */
  readonly forcedGrowths: number | undefined
  /** An empty loop for as long. */
  readonly machine: HistogramData
}

/** What a decision should take at most, even if memory has to grow within it. */
export const ARRIVAL_BOUND_MS = 1

const BATCH = 4096
const WARM_UP_USERS = 30_000

export async function measureArrival({ subject: name, users, yields }: ArrivalSetup): Promise<ArrivalResult> {
  const spec = subjectNamed(name)
  const warm = await load(spec, users)
  await arrive(warm, WARM_UP_USERS, true)
  warm.close()

  const subject = await load(spec, users)
  const data = await arrive(subject, users, yields)
  const forcedGrowths = subject.forcedGrowths?.()
  subject.close()
  return { ...data, forcedGrowths, machine: timeEmptyLoop(data.decisions.totalMs, ARRIVAL_BOUND_MS) }
}

function load(spec: SubjectSpec, users: number): Promise<Subject> {
  return spec.create({ users, windowMs: WINDOW_MS, burst: true })
}

async function arrive(subject: Subject, users: number, yields: boolean): Promise<DecisionData> {
  const times = new DecisionTimes(ARRIVAL_BOUND_MS)
  const maker = new IdMaker('uuid', BATCH)
  for (const count of maker.makeBatches(0, users)) {
    // Awaiting runs no timers: the event loop turns only where it is told to.
    await times.time(subject, maker.strings, 0, count)
    if (yields) await turn()
  }
  return times.data()
}
