/** The process of one subject. */
import { heapUsed } from '../collected-heap.js'
import { cpuMs } from '../cpu-time.js'
import { wait } from '../event-loop.js'
import { answerJobs } from '../job-process.js'
import { worstWindow } from '../worst-window.js'
import type { FlowSetup, QueueJobs, StartsResult, StartsSetup, WaitingResult } from './protocol.js'
import { LIMIT, TRAFFICS, WINDOW_MS } from './protocol.js'
import { QUEUE_SUBJECTS } from './subjects.js'

/** More than are ever asked for in a window. */
const NO_LIMIT = 100_000_000
/** Calls of a slow subject are measured for so long. */
const LONGEST_MS = 2000
/** Windows in which all who wait get their turn. */
const WINDOWS = 4

answerJobs<QueueJobs>({ idle, waiting, starts })

async function idle({ subject, count }: FlowSetup): Promise<{ ns: number }> {
  const start = await QUEUE_SUBJECTS[subject].open(NO_LIMIT)
  let ran = 0
  const job = () => {
    ran++
  }
  const some = async (calls: number) => {
    const from = performance.now()
    let called = 0
    while (called < calls && performance.now() - from < LONGEST_MS) {
      // Reading the clock costs as much as a fast call.
      for (let i = 0; i < 100; i++) await start(job)
      called += 100
    }
    return { called, ns: ((performance.now() - from) * 1e6) / called }
  }
  const warmUp = await some(count / 10)
  const { called, ns } = await some(count)
  if (ran !== warmUp.called + called) throw new Error(`${ran} jobs ran`)
  return { ns }
}

async function waiting({ subject, count }: FlowSetup): Promise<WaitingResult> {
  const bare = bytesFor(count, () => {
    let settle: unknown
    const promise = new Promise((...both) => {
      settle = both
    })
    return [promise.then(() => {}), settle]
  })
  const start = await QUEUE_SUBJECTS[subject].open(count / WINDOWS)
  let ran = 0
  const job = () => {
    ran++
  }
  // The first window's are started at once, and not looked at.
  await Promise.all(Array.from({ length: count / WINDOWS }, () => start(job)))
  const before = cpuMs()
  let last: Promise<unknown> = Promise.resolve()
  const bytes = bytesFor(count, () => {
    last = start(job).then(() => {})
    return last
  })
  await last
  // Where order is not kept, others may come after the last.
  while (ran < count + count / WINDOWS) await wait(10)
  return { count, ns: ((cpuMs() - before) * 1e6) / count, bytes: bytes - bare }
}

/** Bytes of the heap for each of so many things that are made and kept. */
function bytesFor(count: number, make: () => unknown): number {
  const made = new Array<unknown>(count).fill(null)
  const before = heapUsed()
  for (let i = 0; i < count; i++) made[i] = make()
  const bytes = (heapUsed() - before) / count
  if (made[count - 1] === null) throw new Error('nothing was made')
  return bytes
}

async function starts({ subject, traffic }: StartsSetup): Promise<StartsResult> {
  const { calls, stalls } = TRAFFICS[traffic]
  const start = await QUEUE_SUBJECTS[subject].open(LIMIT)
  const times: number[] = []
  const job = () => {
    times.push(performance.now())
  }
  for (const { atMs, forMs } of stalls as readonly { atMs: number; forMs: number }[]) {
    setTimeout(() => {
      const until = performance.now() + forMs
      while (performance.now() < until);
    }, atMs)
  }
  const done: Promise<unknown>[] = []
  await Promise.all(
    calls.map(
      ({ atMs, count }) =>
        new Promise<void>((resolve) => {
          setTimeout(() => {
            for (let i = 0; i < count; i++) done.push(start(job))
            resolve()
          }, atMs)
        }),
    ),
  )
  await Promise.all(done)
  return { most: worstWindow(times, WINDOW_MS), started: times.length }
}
