/** The process of one subject: one client of the server. */
import { Redis } from 'ioredis'
import { cpuMs } from '../cpu-time.js'
import { turn, wait } from '../event-loop.js'
import { Histogram } from '../histogram.js'
import { answerJobs } from '../job-process.js'
import { zipfRanks } from '../picks.js'
import { seededRandom } from '../seeded-random.js'
import type {
  Admission,
  FillSetup,
  FleetJobs,
  HammerSetup,
  OpenSetup,
  ReplayResult,
  ReplaySetup,
  SynchronousResult,
  ThroughputResult,
  ThroughputSetup,
} from './protocol.js'
import { IN_FLIGHT, LIMIT, PROCESSES, userName, WINDOW_MS } from './protocol.js'
import type { Decide } from './subjects.js'
import { FLEET_SUBJECTS } from './subjects.js'

// As services run.
process.env.NODE_ENV = 'production'

/**
 * Rounds of hammering, in turns. In one of them a request begins a window, and all come around its end and go on through the next:
 * the worst for fixed windows, and for those that fill evenly. In the other all come at the ends of two windows that are the clock's
 * seconds, less than a window apart: the worst for a window that is estimated from two of these.
 */
const ROUND_MS = 4000
const ROUNDS = [
  { isBegun: true, bursts: [[930, 2180]] },
  {
    isBegun: false,
    bursts: [
      [975, 992],
      [1940, 1966],
    ],
  },
] as const
/** Users of the synchronous decisions, and milliseconds between them by their clock: two a window each. */
const HIT_USERS = 1000
const HIT_STEP_MS = 0.5

let client: Redis
let decide: Decide
let isSynchronous = false

answerJobs<FleetJobs>({ open, throughput, latency, hammer, fill, replay, synchronous })

async function open({ subject, port }: OpenSetup): Promise<null> {
  client = new Redis(port, '127.0.0.1')
  const spec = FLEET_SUBJECTS[subject]
  isSynchronous = spec.isSynchronous === true
  decide = await spec.open(client)
  // What does not limit is not measured. An approximate window may be about to end: of two tries one is whole.
  const user = `check-${process.pid}`
  for (let tries = 0; tries < 2; tries++) {
    const decisions = await Promise.all(Array.from({ length: LIMIT }, () => decide(user + tries)))
    const more = await Promise.all(Array.from({ length: LIMIT }, () => decide(user + tries)))
    const first = decisions.filter(Boolean).length
    if (first <= LIMIT && first > 0 && more.includes(false)) return null
  }
  throw new Error('It does not keep the limit')
}

/** Decides so often, with `IN_FLIGHT` in flight. */
async function flow(count: number, idOf: (index: number) => string): Promise<number> {
  let next = 0
  let admitted = 0
  if (isSynchronous) {
    // In flight are its reports then.
    const { commandQueue } = client as unknown as { commandQueue: { length: number } }
    while (next < count) {
      for (let i = 0; i < IN_FLIGHT && next < count && commandQueue.length < IN_FLIGHT; i++) {
        if (decide(idOf(next++))) admitted++
      }
      await turn()
    }
    return admitted
  }
  const work = async () => {
    while (next < count) if (await decide(idOf(next++))) admitted++
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, work))
  return admitted
}

async function throughput({ users, decisions }: ThroughputSetup): Promise<ThroughputResult> {
  const ids = Array.from({ length: users }, (_, user) => userName(user))
  const before = cpuMs()
  const startedAt = performance.now()
  const admitted = await flow(decisions, (index) => ids[index % users]!)
  const seconds = (performance.now() - startedAt) / 1000
  return { decisions, admitted, seconds, cpuMs: cpuMs() - before }
}

async function latency({ users, decisions }: ThroughputSetup) {
  const ids = Array.from({ length: users }, (_, user) => userName(user))
  const histogram = new Histogram()
  for (let index = 0; index < decisions; index++) {
    const startedAt = performance.now()
    const decision = decide(ids[index % users]!)
    if (typeof decision !== 'boolean') await decision
    histogram.record(performance.now() - startedAt)
    // Reports get their turn.
    if (isSynchronous && index % 8 === 0) await turn()
  }
  return histogram.data()
}

async function serverTime(): Promise<number> {
  const [seconds, microseconds] = await client.time()
  return Number(seconds) * 1e6 + Number(microseconds)
}

/**
 * Each decision stands between two readings of the server's clock, both of which were waited for: whenever it was made, it was made
 * between them.
 */
async function hammer({ begins, beginsAt, rounds, inFlight }: HammerSetup): Promise<Admission[]> {
  const admissions: Admission[] = []
  const ask = async (user: string) => {
    const before = await serverTime()
    if (await decide(user)) admissions.push([before, await serverTime()])
    // Denials that need no server must not keep it from its turn.
    else await turn()
  }
  for (let round = 0; round < rounds; round++) {
    const from = beginsAt + round * ROUND_MS
    const { isBegun, bursts } = ROUNDS[round % ROUNDS.length]!
    await wait(from - Date.now())
    if (isBegun && begins) await ask('hammered')
    for (const [begin, end] of bursts) {
      await wait(from + begin - Date.now())
      const work = async () => {
        while (Date.now() < from + end) await ask('hammered')
      }
      await Promise.all(Array.from({ length: inFlight }, work))
    }
  }
  return admissions
}

async function fill({ users, requests, firstUser }: FillSetup): Promise<{ admitted: number }> {
  const idOf = (index: number) => userName(firstUser + Math.floor(index / requests))
  return { admitted: await flow(users * requests, idOf) }
}

/** Requests at an even pace, of users picked by Zipf's law with exponent 1. */
async function replay({ users, perSecond, seconds, beginsAt, seed }: ReplaySetup): Promise<ReplayResult> {
  const pick = zipfRanks(users, seededRandom(seed))
  const pending = new Set<Promise<unknown>>()
  const count = perSecond * seconds
  let admitted = 0
  let lateMs = 0
  await wait(beginsAt - Date.now())
  const startedAt = performance.now()
  for (let sent = 0; sent < count; ) {
    const elapsed = performance.now() - startedAt
    lateMs = Math.max(lateMs, elapsed - (sent * 1000) / perSecond)
    for (; sent < count && sent <= (elapsed / 1000) * perSecond; sent++) {
      const decision = decide(userName(pick()))
      if (typeof decision === 'boolean') {
        if (decision) admitted++
        continue
      }
      const done: Promise<unknown> = decision.then((allowed) => {
        if (allowed) admitted++
        pending.delete(done)
      })
      pending.add(done)
    }
    await wait(1)
  }
  await Promise.all(pending)
  return { requests: count, admitted, lateMs }
}

/**
 * The same users, ids and clock for both limiters. The clock reads the platform's, as the default one does, but goes on by itself, so
 * that few users stay below the limit: they are known, admitted, and nothing is due to be reported.
 */
async function synchronous({ decisions }: FleetJobs['synchronous']['given']): Promise<SynchronousResult> {
  const { createLimiter } = await import('spillway')
  const { loadFleetLimiter, redisStore } = await import('spillway/fleet')
  const clockOf = () => {
    let now = 0
    let read = 0
    return () => {
      read = Math.max(read, performance.now())
      now += HIT_STEP_MS
      return read > 0 ? now : 0
    }
  }
  const options = { limit: LIMIT, windowMs: WINDOW_MS, burst: false } as const
  const limiter = createLimiter({ ...options, clock: clockOf() })
  const store = redisStore(client)
  const fleet = await loadFleetLimiter({
    ...options,
    store,
    name: 'synchronous',
    processes: PROCESSES,
    clock: clockOf(),
  })
  const ids = Array.from({ length: HIT_USERS }, (_, user) => userName(user))
  const time = (isAllowed: (userId: string) => boolean) => {
    let admitted = 0
    const startedAt = performance.now()
    for (let index = 0; index < decisions; index++) if (isAllowed(ids[index % HIT_USERS]!)) admitted++
    const ns = ((performance.now() - startedAt) * 1e6) / decisions
    if (admitted !== decisions) throw new Error(`${admitted} of ${decisions} were admitted`)
    return ns
  }
  // In turns, and the best of them: what else runs can only add.
  let [fleetNs, limiterNs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (let round = 0; round < 5; round++) {
    const [one, other] = [time(limiter.isAllowed), time(fleet.isAllowed)]
    await turn()
    limiterNs = Math.min(limiterNs, one)
    fleetNs = Math.min(fleetNs, other)
  }
  fleet.close()
  limiter.close()
  return { fleetNs, limiterNs }
}
