/** All measurements of all subjects, on one server. Each subject has processes of its own, and the server for itself meanwhile. */
import { wait } from '../event-loop.js'
import type { HistogramData } from '../histogram.js'
import { merge } from '../histogram.js'
import { JobProcess } from '../job-process.js'
import { shuffled } from '../picks.js'
import type { Progress } from '../progress.js'
import type { Failure } from '../results.js'
import { seededRandom } from '../seeded-random.js'
import { attempt } from '../suites/plan.js'
import type { Admission, FleetJobs, FleetSubjectName, SynchronousResult } from './protocol.js'
import { PROCESSES, WINDOW_MS } from './protocol.js'
import type { RedisServer } from './redis-server.js'
import { FLEET_SUBJECTS } from './subjects.js'

/** How much is measured. */
export interface FleetPlan {
  readonly rounds: number
  /** Decisions with many in flight, and one at a time, each round. */
  readonly decisions: number
  readonly single: number
  /** Keys that are weighed. */
  readonly keys: number
  /** How often a user is hammered. */
  readonly hammerings: number
  /** Replayed traffic. A hundredth of the users are above the limit. */
  readonly zipfUsers: number
  readonly zipfSeconds: number
  readonly synchronous: number
}

export interface FleetRound {
  readonly decisions: number
  readonly seconds: number
  readonly clientCpuMs: number
  readonly serverCpuMs: number
  /** What the server ran for them. */
  readonly scripts: number
}

interface KeyWeight {
  /** Requests of each user. */
  readonly requests: number
  /** By the server's memory, and by `MEMORY USAGE`. */
  readonly bytes: number
  readonly usage: number
}

interface ReplayOutcome {
  readonly requests: number
  readonly admitted: number
  readonly scripts: number
  readonly lateMs: number
}

export interface FleetCell {
  readonly subject: FleetSubjectName
  readonly rounds: readonly FleetRound[]
  readonly latency: HistogramData | undefined
  readonly weights: readonly KeyWeight[]
  /** Most that were certainly admitted within a window, and how many in all. */
  readonly worst: { readonly most: number; readonly admitted: number } | undefined
  readonly replay: ReplayOutcome | undefined
  readonly synchronous: SynchronousResult | undefined
}

/** Users of the decisions with many in flight: so many that each stays below the limit. */
const USERS = 10_000
/** Decisions of a fresh process that are not timed. */
const WARM_UP = 10_000
/** Measured is what a process does that has done this before. */
const WEIGHED = 200
/** After which connections have given back what they needed for a while, and windows have passed. */
const QUIET_MS = 2500
/** In flight at each process that hammers. */
const IN_FLIGHT_EACH = 8

type Client = JobProcess<FleetJobs>

export class FleetSuite {
  readonly failures: Failure[] = []

  constructor(
    readonly server: RedisServer,
    readonly plan: FleetPlan,
    readonly seed: number,
    readonly progress: Progress,
  ) {}

  async run(subjects: readonly FleetSubjectName[]): Promise<FleetCell[]> {
    const rounds = new Map(subjects.map((subject) => [subject, [] as FleetRound[]]))
    const latencies = new Map(subjects.map((subject) => [subject, [] as HistogramData[]]))
    const random = seededRandom(this.seed)
    for (let round = 1; round <= this.plan.rounds; round++) {
      for (const index of shuffled(subjects.length, random)) {
        const subject = subjects[index]!
        const of = `round ${round} of ${this.plan.rounds}`
        const done = await this.#with(subject, 1, of, ([client]) => this.#round(client!))
        if (!done) continue
        rounds.get(subject)!.push(done.round)
        latencies.get(subject)!.push(done.latency)
      }
    }
    const cells: FleetCell[] = []
    for (const subject of subjects) {
      const { hammering, isSynchronous } = FLEET_SUBJECTS[subject]
      const weights: KeyWeight[] = []
      // The store keeps of a user what it keeps by `check`.
      for (const requests of isSynchronous ? [] : [1, 50]) {
        const weight = await this.#with(subject, 1, `keys of ${requests}`, ([client]) => this.#weigh(client!, requests))
        if (weight) weights.push(weight)
      }
      cells.push({
        subject,
        rounds: rounds.get(subject)!,
        latency: latencies.get(subject)!.length > 0 ? merge(latencies.get(subject)!) : undefined,
        weights,
        worst: await this.#with(subject, hammering, 'one user hammered', (clients) => this.#hammer(clients)),
        replay: await this.#with(subject, PROCESSES, 'traffic replayed', (clients) => this.#replay(clients)),
        synchronous: isSynchronous
          ? await this.#with(subject, 1, 'beside the in-process limiter', ([client]) =>
              client!.ask('synchronous', { decisions: this.plan.synchronous }),
            )
          : undefined,
      })
    }
    return cells
  }

  /** Does something with processes of a subject, on a server that has no keys. */
  async #with<T>(
    subject: FleetSubjectName,
    count: number,
    what: string,
    act: (clients: readonly Client[]) => Promise<T>,
  ): Promise<T | undefined> {
    const { label, use } = FLEET_SUBJECTS[subject]
    this.progress.show(`${label}, ${use}: ${what}`)
    return attempt(this.failures, `${label}, ${use}`, what, async () => {
      const url = new URL('./subject-process.js', import.meta.url)
      const clients = Array.from({ length: count }, () => new JobProcess<FleetJobs>(url))
      try {
        await this.server.flush()
        await Promise.all(clients.map((client) => client.ask('open', { subject, port: this.server.port })))
        return await act(clients)
      } finally {
        await Promise.all(clients.map((client) => client.end()))
      }
    })
  }

  async #round(client: Client): Promise<{ round: FleetRound; latency: HistogramData }> {
    const { decisions, single } = this.plan
    await client.ask('throughput', { users: USERS, decisions: WARM_UP })
    const before = await this.server.usage()
    const { admitted, seconds, cpuMs } = await client.ask('throughput', { users: USERS, decisions })
    const after = await this.server.usage()
    if (admitted < decisions) throw new Error(`${admitted} of ${decisions} decisions were admissions`)
    const latency = await client.ask('latency', { users: USERS, decisions: single })
    const round = {
      decisions,
      seconds,
      clientCpuMs: cpuMs,
      serverCpuMs: after.cpuMs - before.cpuMs,
      scripts: after.scripts - before.scripts,
    }
    return { round, latency }
  }

  /** What keys weigh. None goes meanwhile, though it may have expired. */
  async #weigh(client: Client, requests: number): Promise<KeyWeight> {
    const { keys } = this.plan
    await client.ask('fill', { users: WEIGHED, requests, firstUser: 2 * keys })
    await wait(QUIET_MS)
    await this.server.expire(false)
    try {
      const before = await this.server.usage()
      const { admitted } = await client.ask('fill', { users: keys, requests, firstUser: 0 })
      const usage = await this.server.bytesAKey(WEIGHED)
      await wait(QUIET_MS)
      const { bytes } = await this.server.usage()
      if (admitted < 0.98 * keys * requests) throw new Error(`${admitted} of ${keys * requests} were admitted`)
      return { requests, bytes: (bytes - before.bytes) / keys, usage }
    } finally {
      await this.server.expire(true)
    }
  }

  async #hammer(clients: readonly Client[]): Promise<{ most: number; admitted: number }> {
    // Windows that are the clock's seconds end soon before a user's own, which begins with its first request.
    const beginsAt = Math.ceil((Date.now() + 500) / 1000) * 1000 + 5
    const setup = { beginsAt, rounds: this.plan.hammerings, inFlight: IN_FLIGHT_EACH }
    const admissions = (
      await Promise.all(clients.map((client, index) => client.ask('hammer', { ...setup, begins: index === 0 })))
    ).flat()
    return { most: mostInAWindow(admissions), admitted: admissions.length }
  }

  async #replay(clients: readonly Client[]): Promise<ReplayOutcome> {
    const { zipfUsers: users, zipfSeconds: seconds } = this.plan
    const perSecond = Math.round(zipfRate(users) / clients.length)
    const setup = { users, perSecond, seconds, beginsAt: Date.now() + 500 }
    const before = await this.server.usage()
    const results = await Promise.all(
      clients.map((client, index) => client.ask('replay', { ...setup, seed: this.seed + index })),
    )
    // Reports that are on their way.
    await wait(100)
    const after = await this.server.usage()
    return {
      requests: results.reduce((sum, { requests }) => sum + requests, 0),
      admitted: results.reduce((sum, { admitted }) => sum + admitted, 0),
      scripts: after.scripts - before.scripts,
      lateMs: Math.max(...results.map(({ lateMs }) => lateMs)),
    }
  }
}

/** Requests a second of all users, if a hundredth of them are at the limit of 50 or above: Zipf's law, exponent 1. */
function zipfRate(users: number): number {
  let sum = 0
  for (let rank = 1; rank <= users; rank++) sum += 1 / rank
  return 50 * 0.01 * users * sum
}

/**
 * Most admissions that were certainly made in less than a window: from before the first of them until after the last less time
 * passed, by the server's clock. An exact limiter has no more than its limit, however long the readings took.
 */
function mostInAWindow(admissions: readonly Admission[]): number {
  const befores = admissions.map(([before]) => before)
  let most = 0
  for (const from of befores) {
    const until = from + WINDOW_MS * 1000
    const count = admissions.filter(([before, after]) => before >= from && after < until).length
    most = Math.max(most, count)
  }
  return most
}
