/**
 * Many limiters in one process: what it takes to load them, what they hold until they are used, and how long the first
 * decision of each takes.
 */
import { collect } from '../collected-heap.js'
import type { DecisionData } from '../decision-times.js'
import { DecisionTimes } from '../decision-times.js'
import { timeEmptyLoop } from '../empty-loop.js'
import type { HistogramData } from '../histogram.js'
import { subjectNamed } from '../subjects/index.js'
import type { Subject, SubjectSpec } from '../subjects/subject.js'
import { WINDOW_MS } from '../subjects/subject.js'

export interface ManySetup {
  readonly subject: string
  readonly limiters: number
}

export interface ManyResult {
  /** How many were loaded: fewer than asked for if loading failed or took too long. */
  readonly loaded: number
  /** Why loading ended early. */
  readonly ended: string | undefined
  readonly loadMs: number
  readonly longestLoadMs: number
  /** Growth of main memory by all of them, after a collection. */
  readonly residentBytes: number
  /** What they add to the external memory that V8 counts, which makes it collect. */
  readonly externalBytes: number
  /** The first decision of each. */
  readonly first: DecisionData
  /** An empty loop for as long. */
  readonly machine: HistogramData
}

/** What the first decision of a limiter should take at most. */
export const FIRST_BOUND_MS = 0.1

/** Loading ends after so long. */
const PATIENCE_MS = 60_000
const WARM_UP_LIMITERS = 50
const WARM_UP_DECISIONS = 200
const IDS: readonly string[] = ['7c9e6679-7425-40de-944b-e07fc1f90ae7']

export async function measureMany({ subject, limiters }: ManySetup): Promise<ManyResult> {
  const spec = subjectNamed(subject)
  await warmUp(spec)
  collect()
  collect()
  const before = process.memoryUsage()

  const subjects: Subject[] = []
  const start = performance.now()
  let longestLoadMs = 0
  let ended: string | undefined
  while (subjects.length < limiters && ended === undefined) {
    const loadStart = performance.now()
    try {
      subjects.push(await load(spec))
    } catch (error) {
      ended = error instanceof Error ? error.message : String(error)
    }
    longestLoadMs = Math.max(longestLoadMs, performance.now() - loadStart)
    if (performance.now() - start > PATIENCE_MS) ended = `after ${PATIENCE_MS / 1000} s`
  }
  const loadMs = performance.now() - start
  const { external } = process.memoryUsage()
  collect()
  collect()
  const { rss } = process.memoryUsage()

  const times = new DecisionTimes(FIRST_BOUND_MS)
  for (const limiter of subjects) await times.time(limiter, IDS, 0, 1)
  const first = times.data()
  for (const limiter of subjects) limiter.close()
  return {
    loaded: subjects.length,
    ended,
    loadMs,
    longestLoadMs,
    residentBytes: rss - before.rss,
    externalBytes: external - before.external,
    first,
    machine: timeEmptyLoop(first.decisions.totalMs, FIRST_BOUND_MS),
  }
}

/** A limiter with default options. */
function load(spec: SubjectSpec): Promise<Subject> {
  return spec.create({ users: 1000, windowMs: WINDOW_MS, burst: true })
}

/** Has the code compiled, and checks that a first decision admits. */
async function warmUp(spec: SubjectSpec): Promise<void> {
  const times = new DecisionTimes(FIRST_BOUND_MS)
  for (let limiter = 0; limiter < WARM_UP_LIMITERS; limiter++) {
    const subject = await load(spec)
    if (!(await subject.decide('somebody'))) throw new Error(`${spec.name} denied the first request of a user`)
    for (let decision = 0; decision < WARM_UP_DECISIONS; decision++) await times.time(subject, IDS, 0, 1)
    subject.close()
  }
}
