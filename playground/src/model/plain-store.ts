/**
 * A fleet's store in a plain way, with questions and answers that take a hop each on a clock that is set from outside: when
 * places were taken, by user. It knows no tokens.
 *
 * Times are ticks, rounded up, so that no place comes back early. Above a limit of 64 a cell stands for many places, as in
 * the real stores: an answer then costs the same at any limit.
 */
import type { ManualClock } from 'spillway'
import type { Answer, FleetStore, Question, SharedLimit } from 'spillway/fleet'

/** A process counts a window in so many ticks. */
const TICKS = 30_000

/** Up to this limit each place has a cell; above it there are so many cells to a window. */
const EXACT_LIMIT = 64
const CELLS = 120

/** Places that were taken at a tick, or not long before it. */
interface Cell {
  readonly tick: number
  count: number
}

interface OnItsWay {
  readonly at: number
  arrive(): void
}

export class PlainStore implements FleetStore {
  readonly #windowMs: number
  readonly #hopMs: number
  readonly #clock: ManualClock
  /** By user, the oldest first. */
  readonly #cells = new Map<string, Cell[]>()
  /** Ticks of a cell; 0 where each place has one. */
  readonly #width: number
  /** All hops are equally long, so both are in order of time. */
  readonly #questions: OnItsWay[] = []
  readonly #answers: OnItsWay[] = []
  /** Questions so far. */
  asked = 0

  constructor(limit: number, windowMs: number, hopMs: number, clock: ManualClock) {
    this.#width = limit > EXACT_LIMIT ? TICKS / CELLS : 0
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
    const ticks = this.#ticksAt(now)
    const tick = Math.floor(ticks)
    const cells = this.#cellsOf(userId)
    for (const ago of activity.placesMs) this.#take(cells, now - ago)
    const gone = cells.findIndex((cell) => cell.tick > tick - TICKS)
    cells.splice(0, gone < 0 ? cells.length : gone)
    const ages = cells.map((cell) => tick - cell.tick)
    const counts = this.#width > 0 ? cells.map(({ count }) => count) : undefined
    const taken = cells.reduce((sum, { count }) => sum + count, 0)
    const last = cells.at(-1)?.tick ?? -Infinity
    const resetMs = Math.max(0, ((last + TICKS - ticks) * this.#windowMs) / TICKS)
    const rest = { idleMs: 0, tokens: 0, blockedMs: 0, fraction: ticks - tick }
    const record = () => ({ ...rest, ages: [...ages], counts: counts && [...counts] })
    return { verdict: 'admitted', atMs: now, places: 0, taken, tokens: 0, resetMs, record }
  }

  #cellsOf(userId: string): Cell[] {
    const found = this.#cells.get(userId)
    if (found) return found
    const cells: Cell[] = []
    this.#cells.set(userId, cells)
    return cells
  }

  /** Notes a place. What is reported lies near the end. */
  #take(cells: Cell[], time: number): void {
    const exact = Math.ceil(this.#ticksAt(time))
    const tick = this.#width > 0 ? Math.ceil(exact / this.#width) * this.#width : exact
    let at = cells.length
    while (at > 0 && (cells[at - 1] as Cell).tick > tick) at--
    const before = cells[at - 1]
    if (this.#width > 0 && before?.tick === tick) before.count++
    else cells.splice(at, 0, { tick, count: 1 })
  }

  #ticksAt(time: number): number {
    return (time * TICKS) / this.#windowMs
  }
}
