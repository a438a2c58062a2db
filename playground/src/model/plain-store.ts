/**
 * A fleet's store in the plainest way, with questions and answers that take a hop each on a clock that is set from outside:
 * when each place was taken, by user. It knows no tokens.
 */
import type { ManualClock } from 'spillway'
import type { Answer, FleetStore, Question, SharedLimit } from 'spillway/fleet'

/** A process counts a window in so many ticks. */
const TICKS = 30_000

interface OnItsWay {
  readonly at: number
  arrive(): void
}

export class PlainStore implements FleetStore {
  readonly #windowMs: number
  readonly #hopMs: number
  readonly #clock: ManualClock
  readonly #places = new Map<string, number[]>()
  /** All hops are equally long, so both are in order of time. */
  readonly #questions: OnItsWay[] = []
  readonly #answers: OnItsWay[] = []
  /** Questions so far. */
  asked = 0

  constructor(windowMs: number, hopMs: number, clock: ManualClock) {
    this.#windowMs = windowMs
    this.#hopMs = hopMs
    this.#clock = clock
  }

  async begin(): Promise<number> {
    return 0
  }

  async reset(): Promise<void> {}

  ask(_: SharedLimit, question: Question): Promise<Answer> {
    this.asked++
    return new Promise((resolve) => {
      const arrive = () => {
        const answer = this.#answer(question)
        this.#answers.push({ at: this.#clock() + this.#hopMs, arrive: () => resolve(answer) })
      }
      this.#questions.push({ at: this.#clock() + this.#hopMs, arrive })
    })
  }

  /** When the next question or answer arrives; `Infinity` if none is on its way. */
  get next(): number {
    return Math.min(this.#questions[0]?.at ?? Infinity, this.#answers[0]?.at ?? Infinity)
  }

  /** Lets it arrive. The clock shows its time. */
  arrive(): void {
    const { next } = this
    const queue = this.#answers[0]?.at === next ? this.#answers : this.#questions
    queue.shift()?.arrive()
  }

  #answer({ userId, activity }: Question): Answer {
    const now = this.#clock()
    const windowMs = this.#windowMs
    const places = (this.#places.get(userId) ?? []).filter((place) => place > now - windowMs)
    for (const ago of activity.placesMs) if (ago < windowMs) places.push(now - ago)
    places.sort((one, other) => one - other)
    this.#places.set(userId, places)
    const ticks = (now * TICKS) / windowMs
    const tick = Math.floor(ticks)
    const ages = places.map((place) => tick - Math.ceil((place * TICKS) / windowMs))
    const last = places.at(-1)
    const resetMs = last === undefined ? 0 : last + windowMs - now
    const record = () => ({
      idleMs: 0,
      tokens: 0,
      blockedMs: 0,
      ages: [...ages],
      counts: undefined,
      fraction: ticks - tick,
    })
    return { verdict: 'admitted', atMs: now, places: 0, taken: places.length, tokens: 0, resetMs, record }
  }
}
