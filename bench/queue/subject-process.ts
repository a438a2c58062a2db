/** The process of one subject. */
import { answerJobs } from '../job-process.js'
import type { FlowSetup, QueueJobs, QueueSubjectName, StartsResult, TrafficName, WaitingResult } from './protocol.js'
import { LIMIT, TRAFFICS, WINDOW_MS } from './protocol.js'
import { QUEUE_SUBJECTS } from './subjects.js'

/** More than are ever asked for in a window. */
const NO_LIMIT = 100_000_000
/** Windows in which all who wait get their turn. */
const WINDOWS = 4

answerJobs<QueueJobs>(async (request) => {
  switch (request.job) {
    case 'idle':
      return { ns: await idle(request.given) }
    case 'waiting':
      return waiting(request.given)
    case 'starts':
      return starts(request.given.subject, request.given.traffic)
  }
})

async function idle({ subject, count }: FlowSetup): Promise<number> {
  const start = await QUEUE_SUBJECTS[subject].open(NO_LIMIT)
  let ran = 0
  const job = () => {
    ran++
  }
  const some = async (calls: number) => {
    const from = process.hrtime.bigint()
    for (let i = 0; i < calls; i++) await start(job)
    return Number(process.hrtime.bigint() - from) / calls
  }
  await some(count / 10)
  const ns = await some(count)
  if (ran !== count / 10 + count) throw new Error(`${ran} jobs ran`)
  return ns
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
  const before = process.cpuUsage()
  let last: Promise<unknown> = Promise.resolve()
  const bytes = bytesFor(count, () => {
    last = start(job).then(() => {})
    return last
  })
  await last
  // Where order is not kept, others may come after the last.
  while (ran < count + count / WINDOWS) await new Promise((resolve) => setTimeout(resolve, 10))
  const { user, system } = process.cpuUsage(before)
  return { ns: ((user + system) * 1000) / count, bytes: bytes - bare }
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

function heapUsed(): number {
  if (!globalThis.gc) throw new Error('the process needs --expose-gc')
  globalThis.gc()
  return process.memoryUsage().heapUsed
}

async function starts(subject: QueueSubjectName, name: TrafficName): Promise<StartsResult> {
  const { calls, stalls } = TRAFFICS[name]
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
  return { most: mostInAWindow(times), started: times.length }
}

/** Of times in order: most in any half-open window. */
function mostInAWindow(times: readonly number[]): number {
  let most = 0
  let from = 0
  for (let to = 0; to < times.length; to++) {
    while (times[from]! <= times[to]! - WINDOW_MS) from++
    most = Math.max(most, to - from + 1)
  }
  return most
}
