/**
 * Memory, in the process of one subject: what users cost, what is left when they have gone stale, what a second wave
 * adds, and what a flood of ids that never come again does.
 */

import { collect } from '../collected-heap.js'
import { turn, wait } from '../event-loop.js'
import { IdMaker } from '../ids.js'
import { subjectNamed } from '../subjects/index.js'
import type { Subject, SubjectSpec } from '../subjects/subject.js'
import { WINDOW_MS } from '../subjects/subject.js'

export interface MemorySetup {
  readonly subject: string
  readonly users: number
  /** Requests of each user within the window. */
  readonly requests: number
  /** Whether to go on: to stale users and a second wave. */
  readonly waves: boolean
}

interface MemoryReading {
  /** Bytes of the process in main memory, after a collection. */
  readonly rss: number
  /** Bytes on the JavaScript heap. */
  readonly heap: number
  /** Bytes that the subject says it uses. */
  readonly accounted: number | undefined
  readonly users: number | undefined
}

export interface MemoryResult {
  readonly before: MemoryReading
  readonly full: MemoryReading
  readonly stale?: MemoryReading
  readonly secondWave?: MemoryReading
  readonly staleAgain?: MemoryReading
}

export interface FloodSetup {
  readonly subject: string
  readonly maxUsers: number
  readonly ids: number
}

export interface FloodResult {
  readonly before: MemoryReading
  readonly after: MemoryReading
  readonly peakRss: number
  readonly nsPerDecision: number
}

const BATCH = 4096
/**
 * Ids made before anything is measured. V8's young generation doubles as they come until it has its full size. That
 * growth would be taken for the limiter's.
 */
const WARM_UP_IDS = 8_000_000
const JUMP_MS = 200_000
/** Most time for the subject's own timers to remove all stale users, and for it to give memory back after that. */
const SWEEP_MS = 12_000
const GIVE_BACK_MS = 3000

export async function measureMemory(setup: MemorySetup): Promise<MemoryResult> {
  const spec = subjectNamed(setup.subject)
  // The clock stands still, where one can be given, so all requests lie within one window however long they take.
  let reading = 1
  const clock = spec.takesClock ? () => reading : undefined
  const maker = new IdMaker('uuid', BATCH)
  await warmUp(spec, maker, clock)

  const before = read()
  const subject = await spec.create({ users: setup.users, windowMs: WINDOW_MS, clock, burst: true })
  // No turn of the event loop until memory is read: nobody's timer removes users before.
  for (let pass = 0; pass < setup.requests; pass++) await request(subject, maker, 0, setup.users)
  const full = read(subject)
  if (!setup.waves) return { before, full }

  reading += JUMP_MS
  await settle(subject)
  const stale = read(subject)
  reading += JUMP_MS
  await request(subject, maker, setup.users, setup.users)
  const secondWave = read(subject)
  reading += JUMP_MS
  await settle(subject)
  return { before, full, stale, secondWave, staleAgain: read(subject) }
}

export async function measureFlood({ subject: name, maxUsers, ids }: FloodSetup): Promise<FloodResult> {
  const spec = subjectNamed(name)
  const maker = new IdMaker('uuid', BATCH)
  await warmUp(spec, maker, undefined)
  const before = read()
  const subject = await spec.create({ users: maxUsers, windowMs: WINDOW_MS, burst: true })
  let peakRss = 0
  let spentMs = 0
  for (let from = 0; from < ids; from += BATCH) {
    maker.makeRun(from, BATCH)
    const start = performance.now()
    await decideAll(subject, maker.strings, BATCH)
    await turn()
    spentMs += performance.now() - start
    if ((from / BATCH) % 64 === 0) peakRss = Math.max(peakRss, process.memoryUsage.rss())
  }
  return { before, after: read(subject), peakRss, nsPerDecision: (spentMs * 1e6) / ids }
}

/** Loads the code and brings the heap to its working size, on an instance that is dropped again. */
async function warmUp(spec: SubjectSpec, maker: IdMaker, clock: (() => number) | undefined): Promise<void> {
  const subject = await spec.create({ users: 1000, windowMs: WINDOW_MS, clock, burst: true })
  for (const _ of maker.makeBatches(0, WARM_UP_IDS)) await decideAll(subject, maker.strings, 8)
  subject.close()
  await wait(1500)
}

async function request(subject: Subject, maker: IdMaker, from: number, count: number): Promise<void> {
  for (const length of maker.makeBatches(from, count)) await decideAll(subject, maker.strings, length)
}

function decideAll(subject: Subject, ids: readonly string[], count: number): void | Promise<void> {
  if (subject.kind === 'async') return awaitAll(subject.decide, ids, count)
  for (let at = 0; at < count; at++) subject.decide(ids[at]!)
}

async function awaitAll(
  decide: (id: string) => Promise<boolean>,
  ids: readonly string[],
  count: number,
): Promise<void> {
  for (let at = 0; at < count; at++) await decide(ids[at]!)
}

async function settle(subject: Subject): Promise<void> {
  const end = performance.now() + SWEEP_MS
  while (performance.now() < end && subject.size() !== 0) await wait(200)
  await wait(GIVE_BACK_MS)
}

function read(subject?: Subject): MemoryReading {
  collect()
  collect()
  const { rss, heapUsed } = process.memoryUsage()
  return { rss, heap: heapUsed, accounted: subject?.accountedBytes?.(), users: subject?.size() }
}
