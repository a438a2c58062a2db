/**
 * Servers of all hosts beside each other: each in a process of its own, all of a host in the same run, round by round in an
 * order that is drawn anew for each round. The load generator is one more process.
 */
import { mkdirSync } from 'node:fs'
import type { HistogramData } from '../histogram.js'
import { JobProcess } from '../job-process.js'
import { shuffled } from '../picks.js'
import type { Progress } from '../progress.js'
import type { Failure } from '../results.js'
import { seededRandom } from '../seeded-random.js'
import { attempt } from '../suites/plan.js'
import { checkAnswers, checkCount } from './checks.js'
import type { Host, LimiterKind, LoadJobs, LoadResult, LoadSetup, ServerJobs, Traffic } from './protocol.js'
import { clientName, LIMITERS } from './protocol.js'
import { labelOf } from './servers.js'

/** How much is measured. */
export interface HttpPlan {
  readonly hosts: readonly Host[]
  readonly traffics: readonly Traffic[]
  readonly rounds: number
  /** Length of a round with one client. */
  readonly seconds: number
  /** Clients over all rounds with many, one request each. */
  readonly clients: number
  readonly connections: number
}

export interface HttpRound {
  readonly requests: number
  readonly seconds: number
  /** What the server used for them. */
  readonly cpuMs: number
  /** What the load generator used. */
  readonly loadCpuMs: number
  readonly rssBytes: number
  readonly latency: HistogramData
}

export interface HttpCell {
  readonly host: Host
  readonly limiter: LimiterKind
  readonly traffic: Traffic
  readonly rounds: readonly HttpRound[]
}

interface Surroundings {
  readonly seed: number
  readonly progress: Progress
  /** A folder for CPU profiles of the servers, if they are wanted. */
  readonly profiles: URL | undefined
}

/** Clients of the first seconds, which are not timed. */
const WARM_UP_CLIENT = 2 ** 30
const WARM_UP_SECONDS = 2
/** Limiters that want to know are told more, since a table may be full here and there before it is everywhere. */
const ROOM = 1.25

export async function runHttp(plan: HttpPlan, surroundings: Surroundings): Promise<[HttpCell[], Failure[]]> {
  const cells: HttpCell[] = []
  const failures: Failure[] = []
  const load = new JobProcess<LoadJobs>(new URL('./load-process.js', import.meta.url))
  try {
    for (const traffic of plan.traffics) cells.push(...(await runTraffic(plan, traffic, load, surroundings, failures)))
  } finally {
    await load.end()
  }
  return [cells, failures]
}

async function runTraffic(
  plan: HttpPlan,
  traffic: Traffic,
  load: JobProcess<LoadJobs>,
  { seed, progress, profiles }: Surroundings,
  failures: Failure[],
): Promise<HttpCell[]> {
  const servers = plan.hosts.flatMap((host) =>
    LIMITERS.map((limiter) => new TimedServer(host, limiter, traffic, plan, load)),
  )
  /** Does something with a server, unless it has failed already. */
  const withServer = async (server: TimedServer, what: string, act: () => Promise<void>) => {
    if (server.failed) return
    progress.show(`${traffic === 'one' ? 'one client' : `${plan.clients} clients`}: ${server.label}, ${what}`)
    const done = await attempt(failures, server.label, `${traffic}: ${what}`, async () => {
      await act()
      return true
    })
    server.failed = done === undefined
  }
  try {
    for (const server of servers) await withServer(server, 'start', () => server.start())
    const random = seededRandom(seed)
    for (let round = 0; round < plan.rounds; round++) {
      for (const index of shuffled(servers.length, random)) {
        const server = servers[index]!
        await withServer(server, `round ${round + 1} of ${plan.rounds}`, () => server.round(profiles))
      }
    }
    for (const server of servers) await withServer(server, 'check', () => server.check())
  } finally {
    await Promise.all(servers.map((server) => server.end()))
  }
  return servers.filter(({ failed }) => !failed).map(({ cell }) => cell)
}

class TimedServer {
  failed = false
  readonly label: string
  readonly #process = new JobProcess<ServerJobs>(new URL('./server-process.js', import.meta.url))
  readonly #rounds: HttpRound[] = []
  #port = 0
  #nextClient = 0
  #answers = 0

  constructor(
    readonly host: Host,
    readonly limiter: LimiterKind,
    readonly traffic: Traffic,
    readonly plan: HttpPlan,
    readonly load: JobProcess<LoadJobs>,
  ) {
    this.label = labelOf(host, limiter)
  }

  get cell(): HttpCell {
    return { host: this.host, limiter: this.limiter, traffic: this.traffic, rounds: this.#rounds }
  }

  async start(): Promise<void> {
    const { host, limiter, plan } = this
    const started = await this.#process.ask('start', { host, limiter, clients: Math.ceil(plan.clients * ROOM) })
    this.#port = started.port
    await checkAnswers(this.#port, limiter)
    await this.#send('same', { seconds: WARM_UP_SECONDS }, WARM_UP_CLIENT)
  }

  async round(profiles: URL | undefined): Promise<void> {
    const { traffic, plan, limiter, host } = this
    const each = traffic === 'one' ? 'same' : 'next'
    const until = traffic === 'one' ? { seconds: plan.seconds } : { requests: Math.ceil(plan.clients / plan.rounds) }
    if (profiles) await this.#process.ask('startProfile', null)
    const before = await this.#process.ask('usage', null)
    const { requests, seconds, latency, cpuMs, nextClient } = await this.#send(each, until, this.#nextClient)
    const after = await this.#process.ask('usage', null)
    if (profiles) {
      mkdirSync(profiles, { recursive: true })
      const name = `${host}-${limiter}-${traffic}-${this.#rounds.length + 1}.cpuprofile`
      await this.#process.ask('stopProfile', new URL(name, profiles).pathname)
    }
    this.#rounds.push({
      requests,
      seconds,
      latency,
      cpuMs: after.cpuMs - before.cpuMs,
      loadCpuMs: cpuMs,
      rssBytes: after.rssBytes,
    })
    this.#answers += requests
    this.#nextClient = nextClient
  }

  /** Checks that nobody's requests were forgotten. */
  async check(): Promise<void> {
    if (this.limiter === 'none') return
    const { traffic, plan } = this
    if (traffic === 'one') {
      await checkCount(this.#port, clientName(0), this.#answers, plan.connections * plan.rounds)
      return
    }
    // The load generator makes a name or two more than it sends when it starts, and none in between.
    for (const client of [this.#nextClient / 2 / plan.rounds, this.#nextClient - plan.connections - 2]) {
      await checkCount(this.#port, clientName(Math.floor(client)), 1, 0)
    }
  }

  end(): Promise<void> {
    return this.#process.end()
  }

  #send(each: LoadSetup['each'], until: LoadSetup['until'], firstClient: number): Promise<LoadResult> {
    return this.load.ask('load', { port: this.#port, connections: this.plan.connections, firstClient, each, until })
  }
}
