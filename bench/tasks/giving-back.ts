/**
 * Memory is given back after a spike: users come, go stale all at once, and the limiter's own timers remove them while
 * a few others go on. Every callback of a timer is timed, since requests wait while one runs.
 */
import { setTimeout as realWait } from 'node:timers/promises'
import { timeEmptyLoop } from '../empty-loop.js'
import type { HistogramData } from '../histogram.js'
import { IdMaker } from '../ids.js'
import { subjectNamed } from '../subjects/index.js'
import type { Subject } from '../subjects/subject.js'
import { WINDOW_MS } from '../subjects/subject.js'
import { watchTimers } from '../timer-watch.js'

export interface GivingBackSetup {
  readonly subject: string
  readonly users: number
}

export interface GivingBackResult {
  readonly callbacks: HistogramData
  /** Callbacks that would have kept to the bound without waiting for a processor, where that can be told. */
  readonly waited: number | undefined
  /** Bytes that the subject says it uses with all users there, and at the end. */
  readonly peakBytes: number | undefined
  readonly endBytes: number | undefined
  /** An empty loop for as long as all callbacks together. */
  readonly machine: HistogramData
}

/** What a callback should take at most. */
export const SLICE_BOUND_MS = 1

const BATCH = 4096
/** Users who go on. */
const ACTIVE_USERS = 256
const ACTIVE_EVERY_MS = 10
/** How far the clock is moved on: more than it takes to earn every token. */
const JUMP_MS = 200_000
/** Timers that remove users come every five seconds; then memory is given back. */
const WATCH_MS = 13_000

export async function measureGivingBack({ subject: name, users }: GivingBackSetup): Promise<GivingBackResult> {
  const spec = subjectNamed(name)
  // The clock stands still until all users are there, so that none of them is stale before.
  let startedAt: number | undefined
  const clock = () => (startedAt === undefined ? 0 : JUMP_MS + performance.now() - startedAt)
  const subject = await spec.create({ users, windowMs: WINDOW_MS, clock, burst: true })
  await arrive(subject, users)
  if (subject.size() !== users) throw new Error(`${name} keeps ${subject.size()} of ${users} users`)
  const peakBytes = subject.accountedBytes?.()

  startedAt = performance.now()
  const watch = watchTimers(SLICE_BOUND_MS)
  await goOn(subject, WATCH_MS)
  const { callbacks, waited } = watch.data()
  if (callbacks.count === 0) throw new Error(`No timer of ${name} ran within ${WATCH_MS} ms`)
  if ((subject.size() ?? 0) > ACTIVE_USERS) throw new Error(`${name} still keeps ${subject.size()} users`)
  const endBytes = subject.accountedBytes?.()
  subject.close()
  return { callbacks, waited, peakBytes, endBytes, machine: timeEmptyLoop(callbacks.totalMs, SLICE_BOUND_MS) }
}

/** A request of each user, without a turn of the event loop. */
async function arrive(subject: Subject, users: number): Promise<void> {
  const maker = new IdMaker('uuid', BATCH)
  for (const count of maker.makeBatches(0, users)) {
    for (let at = 0; at < count; at++) await subject.decide(maker.strings[at]!)
  }
}

/** Some of the users go on. This waits by timers that are not watched. */
async function goOn(subject: Subject, forMs: number): Promise<void> {
  const maker = new IdMaker('uuid', ACTIVE_USERS)
  maker.makeRun(0, ACTIVE_USERS)
  const end = performance.now() + forMs
  while (performance.now() < end) {
    for (const id of maker.strings) await subject.decide(id)
    await realWait(ACTIVE_EVERY_MS)
  }
}
