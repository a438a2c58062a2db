/**
 * Tail latency, in the process of one subject: every single decision is timed while users arrive, while they are
 * removed, and while others arrive in their place.
 * Between batches the event loop turns, and how long that takes is kept too: a request that comes while timers run has
 * to wait for them.
 */

import type { DecisionData } from '../decision-times.js'
import { DecisionTimes } from '../decision-times.js'
import { turn } from '../event-loop.js'
import type { HistogramData } from '../histogram.js'
import { Histogram } from '../histogram.js'
import { IdMaker } from '../ids.js'
import { subjectNamed } from '../subjects/index.js'
import type { Subject } from '../subjects/subject.js'

export interface TailSetup {
  readonly subject: string
  readonly users: number
  readonly windowMs: number
}

export interface PhaseData extends DecisionData {
  readonly turns: HistogramData
  /** Users kept at the end, where it can be told. */
  readonly users: number | undefined
}

export interface TailResult {
  /** A first wave of users arrives, each with one request. */
  readonly growing: PhaseData
  /** A thousand users go on while all the others have gone stale and are removed. */
  readonly sweeping: PhaseData
  /** A second wave of other users arrives. */
  readonly again: PhaseData
}

const BATCH = 1024
const ACTIVE_USERS = 1024
/** Decisions between two turns while users are swept: timers must get their chance often. */
const SWEEP_BATCH = 256
const WARM_UP_USERS = 30_000
/** How far a clock that can be given moves on beyond a window: more than it takes to earn every token. */
const JUMP_MS = 200_000
/** How long a subject is watched that does not sweep by itself. */
const WATCH_MS = 6000

export async function measureTail({ subject: name, users, windowMs }: TailSetup): Promise<TailResult> {
  const spec = subjectNamed(name)
  let offset = 0
  const clock = spec.takesClock ? () => performance.now() + offset : undefined

  const warm = await spec.create({ users: WARM_UP_USERS, windowMs, clock, burst: true })
  await arrive(warm, 0, WARM_UP_USERS)
  await linger(warm, 200)
  warm.close()

  const subject = await spec.create({ users, windowMs, clock, burst: true })
  const growing = await arrive(subject, 0, users)
  offset += windowMs + JUMP_MS
  const sweeping = await linger(subject, spec.forgetsAfterMs ?? WATCH_MS)
  offset += windowMs + JUMP_MS
  const again = await arrive(subject, users, users)
  subject.close()
  return { growing, sweeping, again }
}

async function arrive(subject: Subject, from: number, count: number): Promise<PhaseData> {
  const decisions = new DecisionTimes()
  const turns = new Histogram()
  const maker = new IdMaker('uuid', BATCH)
  for (const length of maker.makeBatches(from, count)) {
    await decisions.time(subject, maker.strings, 0, length)
    await timeTurn(turns)
  }
  return { ...decisions.data(), turns: turns.data(), users: subject.size() }
}

async function linger(subject: Subject, forMs: number): Promise<PhaseData> {
  const decisions = new DecisionTimes()
  const turns = new Histogram()
  const maker = new IdMaker('uuid', ACTIVE_USERS)
  maker.makeRun(0, ACTIVE_USERS)
  const end = performance.now() + forMs
  let from = 0
  do {
    await decisions.time(subject, maker.strings, from, SWEEP_BATCH)
    await timeTurn(turns)
    from = (from + SWEEP_BATCH) % ACTIVE_USERS
  } while (performance.now() < end)
  return { ...decisions.data(), turns: turns.data(), users: subject.size() }
}

async function timeTurn(turns: Histogram): Promise<void> {
  const start = performance.now()
  await turn()
  turns.record(performance.now() - start)
}
