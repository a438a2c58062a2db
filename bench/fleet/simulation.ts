/**
 * A fleet of many processes on virtual time: what the allowance costs in calls to the store, and what it gives in exactness. All
 * processes are real limiters; between them and a plain store lies a network.
 */
import type { Answer, FleetLimiter, FleetStore, Question, SharedLimit } from 'spillway/fleet'
import { loadFleetLimiter } from 'spillway/fleet'
import type { FakeTime } from '../fake-time.js'
import { fakeTime } from '../fake-time.js'
import type { Random } from '../seeded-random.js'
import { seededRandom } from '../seeded-random.js'
import { worstWindow } from '../worst-window.js'
import { LIMIT } from './protocol.js'

export interface SimulationPlan {
  readonly processes: number
  readonly users: number
  /** Requests a second of the whole fleet, over users by Zipf's law. */
  readonly rate: number
  readonly seconds: number
  readonly seed: number
}

export interface SimulationCell {
  readonly allowance: number
  /** Calls to the store a second, and for each request. */
  readonly callsPerSecond: number
  readonly callsPerRequest: number
  /** Of users who ask for more than the limit: the most admitted in any window, the median of them and the worst. */
  readonly medianWorst: number
  readonly worst: number
  /** Of users who never ask for more than the limit: the share of their requests that was denied. */
  readonly legitimateDenied: number
  /** Of users who do: admitted, as a share of what an exact limit would have admitted. */
  readonly admittedOfExact: number
}

const WINDOW_MS = 1000
/** A way to the store or back, in milliseconds: from, to. */
const HOP_MS = [0.2, 2] as const
const TICKS = 30_000
/** Users of whom every request is kept, the most frequent ones: the rest stay far below the limit. */
const KEPT_USERS = 4000

/** Set once the first is simulated: what is imported beside has the real time until then. */
let time: FakeTime

/** What is to happen at each millisecond. */
class Agenda {
  readonly #slots = new Map<number, (() => void)[]>()

  at(ms: number, act: () => void): void {
    const slot = Math.ceil(ms)
    const acts = this.#slots.get(slot)
    if (acts) acts.push(act)
    else this.#slots.set(slot, [act])
  }

  run(ms: number): void {
    for (const act of this.#slots.get(ms) ?? []) act()
    this.#slots.delete(ms)
  }
}

/** The store in the plainest way: when each place was taken, by user. */
class Store {
  asked = 0
  readonly #users = new Map<string, number[]>()

  answer({ userId, activity }: Question): Answer {
    this.asked++
    const now = time.now()
    const places = (this.#users.get(userId) ?? []).filter((place) => place > now - WINDOW_MS)
    for (const ago of activity.placesMs) if (ago < WINDOW_MS) places.push(now - ago)
    places.sort((a, b) => a - b)
    this.#users.set(userId, places)
    const tick = Math.floor((now * TICKS) / WINDOW_MS)
    const ages = places.map((place) => tick - Math.ceil((place * TICKS) / WINDOW_MS))
    const rest = { places: 0, taken: places.length, tokens: 0, resetMs: 0, atMs: now }
    const record = () => ({ idleMs: 0, tokens: 0, blockedMs: 0, ages, counts: undefined, fraction: 0 })
    return { verdict: 'admitted', ...rest, record }
  }
}

function networkTo(store: Store, agenda: Agenda, random: Random): FleetStore {
  const hop = () => HOP_MS[0] + random() * (HOP_MS[1] - HOP_MS[0])
  return {
    begin: async () => 0,
    reset: async () => {},
    ask: (_: SharedLimit, question: Question) =>
      new Promise((resolve) => {
        agenda.at(time.now() + hop(), () => {
          const answer = store.answer(question)
          agenda.at(time.now() + hop(), () => resolve(answer))
        })
      }),
  }
}

/** Draws users by Zipf's law: the `k`th as often as 1/k. By inversion of the integral of 1/x, which is near enough. */
function zipf(users: number, random: Random): () => number {
  const span = Math.log(users + 1)
  return () => Math.min(users, Math.floor(Math.exp(random() * span)))
}

/** Simulates one allowance; `progress` is told the share that is done. */
export async function simulate(
  plan: SimulationPlan,
  allowance: number,
  progress: (share: number) => void,
): Promise<SimulationCell> {
  time ??= fakeTime()
  const { processes, users, rate, seconds, seed } = plan
  const random = seededRandom(seed)
  const draw = zipf(users, random)
  const agenda = new Agenda()
  const store = new Store()
  const fleet: FleetLimiter[] = []
  for (let index = 0; index < processes; index++) {
    const network = networkTo(store, agenda, random)
    const options = { name: 'simulated', limit: LIMIT, processes, allowance, timeoutMs: 10_000, maxUsers: 100_000 }
    fleet.push(await loadFleetLimiter({ ...options, store: network, burst: false }))
  }
  const asked = new Map<number, number[]>()
  const admitted = new Map<number, number[]>()
  let rareDenied = 0
  let rareAsked = 0
  let requests = 0
  let due = 0
  const start = Math.ceil(time.now())
  for (let ms = 1; ms <= seconds * 1000; ms++) {
    time.moveTo(start + ms)
    agenda.run(start + ms)
    // Several steps of promises lie between an answer and what is made of it.
    for (let step = 0; step < 12; step++) await undefined
    for (due += rate / 1000; due >= 1; due--) {
      const user = draw()
      const limiter = fleet[Math.floor(random() * processes)] as FleetLimiter
      const isAllowed = limiter.isAllowed(`user_${user}`)
      requests++
      if (user > KEPT_USERS) {
        rareAsked++
        if (!isAllowed) rareDenied++
        continue
      }
      noteIn(asked, user, ms)
      if (isAllowed) noteIn(admitted, user, ms)
    }
    if (ms % 100 === 0) progress(ms / (seconds * 1000))
  }
  for (const limiter of fleet) limiter.close()
  return { allowance, ...sumUp(asked, admitted, rareAsked, rareDenied), ...callsOf(store.asked, requests, seconds) }
}

function callsOf(calls: number, requests: number, seconds: number) {
  return { callsPerSecond: calls / seconds, callsPerRequest: calls / requests }
}

function noteIn(log: Map<number, number[]>, user: number, ms: number): void {
  const times = log.get(user)
  if (times) times.push(ms)
  else log.set(user, [ms])
}

function sumUp(
  asked: ReadonlyMap<number, number[]>,
  admitted: ReadonlyMap<number, number[]>,
  rareAsked: number,
  rareDenied: number,
) {
  const worsts: number[] = []
  let legitimate = rareAsked
  let denied = rareDenied
  let exact = 0
  let passed = 0
  for (const [user, times] of asked) {
    const passes = admitted.get(user) ?? []
    if (worstWindow(times, WINDOW_MS) <= LIMIT) {
      legitimate += times.length
      denied += times.length - passes.length
      continue
    }
    worsts.push(worstWindow(passes, WINDOW_MS))
    exact += exactlyAdmitted(times)
    passed += passes.length
  }
  worsts.sort((a, b) => a - b)
  return {
    medianWorst: worsts[worsts.length >> 1] ?? 0,
    worst: worsts.at(-1) ?? 0,
    legitimateDenied: denied / legitimate,
    admittedOfExact: passed / exact,
  }
}

function exactlyAdmitted(times: readonly number[]): number {
  const kept: number[] = []
  for (const time of times) if ((kept[kept.length - LIMIT] ?? -Infinity) <= time - WINDOW_MS) kept.push(time)
  return kept.length
}
