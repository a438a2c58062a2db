/**
 * A fleet on virtual time: the real limiters of several processes, and between them and a plain store a network that is slow, that
 * loses questions and answers, and processes that stall and crash.
 */
import { vi } from 'vitest'
import type { FleetLimiter, FleetOptions } from '../../src/fleet/index.js'
import { loadFleetLimiter } from '../../src/fleet/index.js'
import type { Answer, FleetStore, Question, SharedLimit } from '../../src/fleet/store.js'
import type { Quota } from '../../src/index.js'
import { TICKS } from '../../src/limiter/index.js'

/** What may go wrong. Probabilities, and milliseconds. */
export interface Weather {
  /** Longest way of a question or an answer. */
  readonly hopMs: number
  readonly losesQuestion: number
  readonly losesAnswer: number
}

/** Real time of virtual milliseconds since the fakes were installed. */
export const now = () => performance.now()

/** A store in the plainest way: when each place was taken, by user. No tokens. */
export class PlainStore {
  readonly #quota: Quota
  readonly #places = new Map<string, number[]>()
  /** Admissions by the store itself, of all users. */
  readonly admitted: number[] = []
  asked = 0

  constructor(quota: Quota) {
    this.#quota = quota
  }

  answer({ verb, userId, a, b, activity }: Question): Answer {
    this.asked++
    const { windowMs } = this.#quota
    const time = now()
    const places = (this.#places.get(userId) ?? []).filter((place) => place > time - windowMs)
    for (const ago of activity.placesMs) if (ago < windowMs) places.push(time - ago)
    places.sort((one, other) => one - other)
    this.#places.set(userId, places)
    let verdict: Answer['verdict'] = 'admitted'
    if (verb === 'decide') {
      if (places.length + a <= b) {
        for (let place = 0; place < a; place++) {
          places.push(time)
          this.admitted.push(time)
        }
      } else verdict = 'limit'
    }
    const tick = Math.floor((time * TICKS) / windowMs)
    const ages = places.map((place) => tick - Math.ceil((place * TICKS) / windowMs))
    const taken = places.length
    const resetMs = taken === 0 ? 0 : (places.at(-1) as number) + windowMs - time
    const fraction = (time * TICKS) / windowMs - tick
    const record = () => ({ idleMs: 0, tokens: 0, blockedMs: 0, ages: [...ages], counts: undefined, fraction })
    return { verdict, atMs: time, places: 0, taken, tokens: 0, resetMs, record }
  }
}

/** The way to the store of one process. */
class Network implements FleetStore {
  readonly #store: PlainStore
  readonly #weather: Weather
  readonly #random: () => number
  isCrashed = false
  /** Until when the process does nothing. */
  stalledUntil = 0

  constructor(store: PlainStore, weather: Weather, random: () => number) {
    this.#store = store
    this.#weather = weather
    this.#random = random
  }

  async begin(): Promise<number> {
    return 0
  }

  ask(_: SharedLimit, question: Question): Promise<Answer> {
    const { hopMs, losesQuestion, losesAnswer } = this.#weather
    const [there, back] = [this.#random() * hopMs, this.#random() * hopMs]
    const isLost = this.#random() < losesQuestion
    const isAnswerLost = this.#random() < losesAnswer
    return new Promise((resolve, reject) => {
      setTimeout(() => {
        const answer = isLost ? undefined : this.#store.answer(question)
        setTimeout(() => {
          const come = () => {
            if (this.isCrashed) return
            // Who stalls finds the answer afterwards.
            if (now() < this.stalledUntil) setTimeout(come, this.stalledUntil - now())
            else if (answer === undefined || isAnswerLost) reject(new Error('connection lost'))
            else resolve(answer)
          }
          come()
        }, back)
      }, there)
    })
  }

  async reset(): Promise<void> {}
}

export interface Process {
  limiter: FleetLimiter
  network: Network
  /** Tells this one from those before it that crashed. */
  instance: number
}

let instances = 0

export async function startProcess(
  store: PlainStore,
  weather: Weather,
  random: () => number,
  options: Omit<FleetOptions, 'store' | 'name'>,
): Promise<Process> {
  const network = new Network(store, weather, random)
  const limiter = await loadFleetLimiter({ name: 'simulated', burst: false, ...options, store: network })
  return { limiter, network, instance: ++instances }
}

/** Lets time pass, and everything happen that is due. */
export async function pass(ms: number): Promise<void> {
  vi.advanceTimersByTime(ms)
  for (let step = 0; step < 12; step++) await undefined
}
