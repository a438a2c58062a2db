/**
 * The same requests over a fleet: each arrives at one of several processes, which decide by `isAllowed` of the real fleet
 * limiter, with a plain store some milliseconds away. Beside it, on the same requests: one exact limiter for all, a counter
 * of fixed windows for all, and a limiter in each process that has its share of the limit. None of them has burst tokens.
 */
import type { Limiter, ManualClock } from 'spillway'
import { loadLimiter, manualClock } from 'spillway'
import type { FleetLimiter } from 'spillway/fleet'
import { loadFleetLimiter } from 'spillway/fleet'
import type { Random } from '../../../bench/seeded-random.js'
import { seededRandom } from '../../../bench/seeded-random.js'
import type { Quota } from '../../../src/limiter/index.js'
import { Follower, settled } from './follower.js'
import { PlainStore } from './plain-store.js'
import { FixedWindow } from './rivals.js'
import { Track } from './track.js'
import { SAMPLES_A_WINDOW } from './user.js'
import { WindowCount } from './window-count.js'

/** How many processes share the limit, and how. */
export interface FleetPlan {
  readonly processes: number
  /** Milliseconds to the store, and as many back. */
  readonly hopMs: number
  /** Places that a process may take of one user before the store knows of them; 0 for `limit / processes`, rounded up. */
  readonly allowance: number
}

export const FLEET_KINDS = ['fleet', 'exact', 'fixed', 'share'] as const

export type FleetKind = (typeof FLEET_KINDS)[number]

const KEPT_WINDOWS = 6
/** Set off from the seeds of users, so that the way of a request does not depend on when it comes. */
const SEED = 0x5eed
/** As long as an option may be: it is real time, in which the page may stand. */
const TIMEOUT_MS = 60_000

/** One user's part of it. */
export class FleetUser {
  requests = 0
  readonly admitted: Record<FleetKind, number> = { fleet: 0, exact: 0, fixed: 0, share: 0 }
  /** Admissions in any window. */
  readonly counts: Record<FleetKind, WindowCount>
  /** Admissions in the window at even steps of time. */
  readonly samples = new Track(FLEET_KINDS, KEPT_WINDOWS * (SAMPLES_A_WINDOW + 1))
  readonly fixed: FixedWindow

  constructor(quota: Quota) {
    const count = () => new WindowCount(quota.windowMs)
    this.counts = { fleet: count(), exact: count(), fixed: count(), share: count() }
    this.fixed = new FixedWindow(quota)
  }

  sample(time: number): void {
    const { fleet, exact, fixed, share } = this.counts
    this.samples.append({
      time,
      fleet: fleet.at(time),
      exact: exact.at(time),
      fixed: fixed.at(time),
      share: share.at(time),
    })
  }
}

/** What a process decides by. */
interface Process {
  readonly fleet: FleetLimiter
  readonly share: Limiter
}

export class Fleet extends Follower {
  readonly processes: number
  /** What is used: that of the plan, or what it stands for. */
  readonly allowance: number
  /** The most that any window may hold. */
  readonly bound: number
  /** The limit of a process that has its share of it. */
  readonly share: number
  readonly #users: ReadonlyMap<string, FleetUser>
  readonly #clock: ManualClock
  readonly #store: PlainStore
  readonly #exact: Limiter
  readonly #members: readonly Process[]
  readonly #random: Random
  readonly #sampleMs: number
  #nextSample = 0
  #isClosed = false

  /** Loads limiters of its own, at time 0. */
  static async load(
    { limit, windowMs }: Quota,
    { processes, hopMs, allowance: given }: FleetPlan,
    seed: number,
    ids: readonly string[],
  ): Promise<Fleet> {
    const clock = manualClock()
    const store = new PlainStore(limit, windowMs, hopMs, clock)
    const allowance = Math.min(limit, given || Math.ceil(limit / processes))
    const own = { windowMs, burst: false, clock, maxUsers: ids.length, sweepIntervalMs: 0 } as const
    const shared = { store, name: 'playground', limit, windowMs, burst: false, processes, allowance, clock } as const
    const share = Math.max(1, Math.floor(limit / processes))
    const members = await Promise.all(
      Array.from({ length: processes }, async () => ({
        fleet: await loadFleetLimiter({ ...shared, timeoutMs: TIMEOUT_MS }),
        share: await loadLimiter({ ...own, limit: share }),
      })),
    )
    const exact = await loadLimiter({ ...own, limit })
    const users = new Map(ids.map((id) => [id, new FleetUser({ limit, windowMs, capacity: 0, refillPerSecond: 0 })]))
    return new Fleet(limit, windowMs, allowance, share, users, clock, store, exact, members, seededRandom(SEED + seed))
  }

  private constructor(
    limit: number,
    windowMs: number,
    allowance: number,
    share: number,
    users: ReadonlyMap<string, FleetUser>,
    clock: ManualClock,
    store: PlainStore,
    exact: Limiter,
    members: readonly Process[],
    random: Random,
  ) {
    super()
    this.processes = members.length
    this.allowance = allowance
    this.bound = limit + members.length * allowance
    this.share = share
    this.#users = users
    this.#clock = clock
    this.#store = store
    this.#exact = exact
    this.#members = members
    this.#random = random
    this.#sampleMs = Math.max(1, Math.round(windowMs / SAMPLES_A_WINDOW))
  }

  of(id: string): FleetUser {
    const user = this.#users.get(id)
    if (!user) throw new RangeError(`There is no user ${id}`)
    return user
  }

  /** Questions put to the store so far. */
  get asked(): number {
    return this.#store.asked
  }

  /** Processes that take the store for gone: the page stood still while they waited for it. */
  get alone(): number {
    return this.#members.filter(({ fleet }) => fleet.stats().state === 'unavailable').length
  }

  close(): void {
    this.#exact.close()
    for (const { fleet, share } of this.#members) {
      fleet.close()
      share.close()
    }
    this.#isClosed = true
  }

  protected override async followTo(end: number): Promise<void> {
    let followed = 0
    while (!this.#isClosed) {
      const arrival = this.arrivals[followed]
      const came = arrival?.time ?? Number.POSITIVE_INFINITY
      const time = Math.min(this.#store.next, came, this.#nextSample)
      if (time > end) break
      this.#clock.set(time)
      if (this.#store.next === time) {
        this.#store.arrive()
        await settled()
      } else if (arrival && came === time) {
        followed++
        this.#decide(arrival.id, time)
      } else {
        for (const user of this.#users.values()) user.sample(time)
        this.#nextSample += this.#sampleMs
      }
    }
    this.arrivals.splice(0, followed)
    if (!this.#isClosed) this.#clock.set(end)
  }

  #decide(id: string, time: number): void {
    const user = this.of(id)
    const process = this.#members[Math.floor(this.#random() * this.processes)] as Process
    user.requests++
    for (const [kind, allowed] of [
      ['fleet', process.fleet.isAllowed(id)],
      ['exact', this.#exact.isAllowed(id)],
      ['fixed', user.fixed.decide(time)],
      ['share', process.share.isAllowed(id)],
    ] as const) {
      if (!allowed) continue
      user.admitted[kind]++
      user.counts[kind].add(time)
    }
  }
}
