/**
 * Throughput, in the process of one subject. Users come, and then requests are timed, a few thousand at a time. A turn of
 * the event loop follows, within the time, so what a limiter puts off to its timers is counted.
 */
import { checkAnswers, checkPopulation } from '../checks.js'
import { turn, wait } from '../event-loop.js'
import type { IdKind } from '../ids.js'
import { IdMaker, makeIds } from '../ids.js'
import type { Distribution } from '../picks.js'
import { picks } from '../picks.js'
import { subjectNamed } from '../subjects/index.js'
import type { Subject } from '../subjects/subject.js'

export interface ThroughputSetup {
  readonly subject: string
  readonly users: number
  readonly windowMs: number
  readonly idKind: IdKind
  readonly clock: ClockKind
  /** A process sees ids of one use only: a string kept from one would make the other slower or faster. */
  readonly ids: IdUse
  readonly distributions: readonly Distribution[]
  /** Time to measure each distribution for in a round, in milliseconds. */
  readonly budgetMs: number
  readonly seed: number
}

/** `own`: the subject reads its clock. `counter`: it is given one that costs next to nothing. */
type ClockKind = 'own' | 'counter'

/** `reused`: the same string objects again and again. `fresh`: a new string for every decision. */
export type IdUse = 'reused' | 'fresh'

/** What one round says of one distribution. */
export interface CellRound {
  readonly nsPerDecision: number
  readonly decisions: number
  readonly admitted: number
  /** Users kept at the end, where it can be told. */
  readonly kept: number | undefined
  /** Nanoseconds to make an id, where they are fresh. */
  readonly nsPerId: number
}

/** Decisions between two turns of the event loop. */
const CHUNK = 8192
const PICKS = 1 << 20
/** After this part of a window users are brought in again: some limiters drop them when it is over. */
const POPULATION_LASTS = 0.8
/** So large a part of a population is enough. Users are brought in so many times at most. */
const ENOUGH = 0.95
const MOST_TRIES = 4
const WARM_UP_MS = 60
/** Time for timers that are overdue. */
const TIMERS_MS = 5
/** Not measured after users came: caches still hold what the collection touched. */
const SETTLE_MS = 20
/** A counting clock goes on by as much a decision as a fast limiter takes. */
const COUNTER_STEP_MS = 0.0001

export class ThroughputTask {
  readonly #subject: Subject
  readonly #setup: ThroughputSetup
  readonly #ids: readonly string[]
  readonly #maker: IdMaker
  readonly #everybody: Uint32Array
  readonly #picks: ReadonlyMap<Distribution, Uint32Array>
  #at = 0
  #populatedAt = Number.NEGATIVE_INFINITY

  private constructor(subject: Subject, setup: ThroughputSetup) {
    this.#subject = subject
    this.#setup = setup
    this.#ids = setup.ids === 'reused' ? makeIds(setup.idKind, setup.users) : []
    this.#maker = new IdMaker(setup.idKind, CHUNK)
    this.#everybody = Uint32Array.from({ length: setup.users }, (_, user) => user)
    this.#picks = new Map(setup.distributions.map((kind) => [kind, picks(kind, setup.users, PICKS, setup.seed)]))
  }

  /** Makes the subject, brings the users in, checks both, and runs every cell until it is compiled. */
  static async prepare(setup: ThroughputSetup): Promise<ThroughputTask> {
    const spec = subjectNamed(setup.subject)
    const clock = () => (setup.clock === 'counter' ? counterClock() : undefined)
    await checkAnswers(spec, setup.windowMs, clock())
    const subject = await spec.create({ users: setup.users, windowMs: setup.windowMs, clock: clock(), burst: true })
    const task = new ThroughputTask(subject, setup)
    // Making the ids has blocked the event loop; a clock that is kept by a timer is to show the time again.
    await wait(TIMERS_MS)
    const start = performance.now()
    const admitted = await task.#arrive()
    task.#populatedAt = performance.now()
    const { users, windowMs } = setup
    checkPopulation(spec, subject, { users, windowMs, admitted, tookMs: task.#populatedAt - start })
    for (const distribution of setup.distributions) await task.#measure(distribution, WARM_UP_MS)
    return task
  }

  async round(): Promise<CellRound[]> {
    const results: CellRound[] = []
    for (const distribution of this.#setup.distributions) {
      let result = await this.#measureThere(distribution)
      // A subject that sweeps all at once may just have done so; then fewer users were measured.
      for (let tries = 1; tries < MOST_TRIES && !this.#allThere(); tries++) {
        result = await this.#measureThere(distribution)
      }
      results.push(result)
    }
    this.#populatedAt = Number.NEGATIVE_INFINITY
    return results
  }

  async #measureThere(distribution: Distribution): Promise<CellRound> {
    if (!this.#allThere() || performance.now() - this.#populatedAt > POPULATION_LASTS * this.#setup.windowMs) {
      await this.#populate()
      await this.#measure(distribution, SETTLE_MS)
    }
    return this.#measure(distribution, this.#setup.budgetMs)
  }

  #allThere(): boolean {
    const { users } = this.#setup
    return (this.#subject.size() ?? users) >= ENOUGH * users
  }

  /** Brings users in until all are there: a timer that came due meanwhile may have swept the first of them. */
  async #populate(): Promise<void> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      await this.#arrive()
      this.#populatedAt = performance.now()
      await turn()
      if (this.#allThere()) break
    }
    // The garbage of the arrivals is no part of the decisions that follow.
    globalThis.gc?.()
  }

  /** A request of each user, without a turn of the event loop; gives how many were admitted. */
  async #arrive(): Promise<number> {
    const { users, ids } = this.#setup
    let admitted = 0
    for (let from = 0; from < users; from += CHUNK) {
      const count = Math.min(CHUNK, users - from)
      if (ids === 'fresh') this.#makeIds(this.#everybody, from, count)
      admitted += await this.#decide(this.#everybody, from, count)
    }
    return admitted
  }

  async #measure(distribution: Distribution, budgetMs: number): Promise<CellRound> {
    const chosen = this.#picks.get(distribution)!
    let spentMs = 0
    let makingMs = 0
    let decisions = 0
    let admitted = 0
    while (spentMs < budgetMs) {
      if (this.#setup.ids === 'fresh') makingMs += this.#makeIds(chosen, this.#at, CHUNK)
      const start = performance.now()
      admitted += await this.#decide(chosen, this.#at, CHUNK)
      await turn()
      spentMs += performance.now() - start
      decisions += CHUNK
      this.#at = (this.#at + CHUNK) % chosen.length
    }
    return {
      nsPerDecision: (spentMs * 1e6) / decisions,
      decisions,
      admitted,
      kept: this.#subject.size(),
      nsPerId: (makingMs * 1e6) / decisions,
    }
  }

  #makeIds(chosen: Uint32Array, from: number, count: number): number {
    this.#maker.prepare(chosen, from, count)
    const start = performance.now()
    this.#maker.make()
    return performance.now() - start
  }

  /** Asks for decisions on the users chosen, or on the ids that were made for them. */
  #decide(chosen: Uint32Array, from: number, count: number): number | Promise<number> {
    const subject = this.#subject
    const strings = this.#maker.strings
    if (subject.kind === 'sync') {
      if (this.#setup.ids === 'fresh') return runFresh(subject.decide, strings, count)
      return runReused(subject.decide, this.#ids, chosen, from, count)
    }
    if (this.#setup.ids === 'fresh') return awaitFresh(subject.decide, strings, count)
    return awaitReused(subject.decide, this.#ids, chosen, from, count)
  }
}

function counterClock(): () => number {
  let reading = 0
  return () => {
    reading += COUNTER_STEP_MS
    return reading
  }
}

type Decide<Answer> = (id: string) => Answer

function runReused(
  decide: Decide<boolean>,
  ids: readonly string[],
  chosen: Uint32Array,
  from: number,
  count: number,
): number {
  let admitted = 0
  for (let at = from; at < from + count; at++) if (decide(ids[chosen[at]!]!)) admitted++
  return admitted
}

async function awaitReused(
  decide: Decide<Promise<boolean>>,
  ids: readonly string[],
  chosen: Uint32Array,
  from: number,
  count: number,
): Promise<number> {
  let admitted = 0
  for (let at = from; at < from + count; at++) if (await decide(ids[chosen[at]!]!)) admitted++
  return admitted
}

function runFresh(decide: Decide<boolean>, ids: readonly string[], count: number): number {
  let admitted = 0
  for (let at = 0; at < count; at++) if (decide(ids[at]!)) admitted++
  return admitted
}

async function awaitFresh(decide: Decide<Promise<boolean>>, ids: readonly string[], count: number): Promise<number> {
  let admitted = 0
  for (let at = 0; at < count; at++) if (await decide(ids[at]!)) admitted++
  return admitted
}
