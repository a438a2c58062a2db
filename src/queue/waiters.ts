/**
 * The order of waiters: that of arrival for each user and priority.
 *
 * A lane is one priority of one user, a ring of waiters. The lane of priority 0 is the user itself, so that a user without
 * priorities takes one object. Waiters and users are lean, since a million may wait: what few need is in `Ties`.
 */
import type { RequestOptions } from '../limiter/index.js'
import type { Heap, Placed } from './heap.js'

/** The highest priority; the lowest, and default, is 0. */
export const HIGHEST = 3

/** The place of a waiter whose wait is over. */
export const GONE = -2

/** A lane that was passed over so many times goes next. */
const PATIENCE = 8

/** What may end a wait: a signal, and a deadline, which is its number in the heap of those. */
export interface Ties extends Placed {
  readonly waiter: Waiter
  readonly signal: AbortSignal | undefined
}

export class Waiter implements Placed {
  prev: Waiter = this
  next: Waiter = this
  /** Among all in order of arrival, where the oldest is dropped. */
  place = -1
  ties: Ties | undefined = undefined

  constructor(
    readonly user: User,
    readonly priority: number,
    /** What the limiter is asked for: the cost, or the cost and the limit. */
    readonly request: number | Required<RequestOptions>,
    /** Whether it counts as running after its turn, until its job has ended. */
    readonly isJob: boolean,
    readonly resolve: (value: never) => void,
    readonly reject: (reason: unknown) => void,
  ) {}

  get cost(): number {
    return costOf(this.request)
  }
}

export function costOf(request: number | RequestOptions): number {
  return typeof request === 'number' ? request : request.cost!
}

/** The waiters of one priority of one user. */
class Lane {
  /** Who came first; the one before it in the ring came last. */
  head: Waiter | undefined = undefined
  count = 0
  /** What all of them cost. */
  places = 0
  /** How often those of a higher priority went first since one of these did. */
  passed = 0

  push(waiter: Waiter): void {
    const { head } = this
    if (head === undefined) {
      this.head = waiter
    } else {
      waiter.prev = head.prev
      waiter.next = head
      head.prev.next = waiter
      head.prev = waiter
    }
    this.count++
    this.places += waiter.cost
  }

  delete(waiter: Waiter): void {
    const { prev, next } = waiter
    prev.next = next
    next.prev = prev
    if (this.head === waiter) this.head = next === waiter ? undefined : next
    if (this.head === undefined) this.passed = 0
    this.count--
    this.places -= waiter.cost
  }
}

/** One who waits, or whose admissions are not done with. */
export class User extends Lane implements Placed {
  place = -1
  /** Jobs that run. */
  running = 0
  /** Among those whose next job waits for others to end; kept while something else of the user goes first. 0 for none. */
  turn = 0
  /** Admissions whose start may lie ahead, and the base places that they took: see `starts.ts`. */
  starting = 0
  held = 0
  /** The lanes of priorities above 0, made when the first comes. */
  #higher: Lane[] | undefined = undefined

  constructor(public id: string) {
    super()
  }

  /** How many wait. */
  get size(): number {
    return this.#higher === undefined ? this.count : this.ahead(0).count
  }

  /** Who goes next: the first of the highest priority, unless others were passed over too often. */
  next(): Waiter | undefined {
    if (this.#higher === undefined) return this.head
    let best: Lane = this
    for (const lane of this.#higher) {
      if (lane.head && (!best.head || best.passed < PATIENCE || lane.passed > best.passed)) best = lane
    }
    return best.head
  }

  add(waiter: Waiter): void {
    this.#lane(waiter.priority).push(waiter)
  }

  /** Takes one out that had no turn. */
  remove(waiter: Waiter): void {
    this.#lane(waiter.priority).delete(waiter)
  }

  /** Takes one out whose turn it is. */
  advance(waiter: Waiter): void {
    this.remove(waiter)
    if (this.#higher === undefined) return
    for (let priority = 0; priority < waiter.priority; priority++) {
      const lane = this.#lane(priority)
      if (lane.head) lane.passed++
    }
    this.#lane(waiter.priority).passed = 0
  }

  /** How many wait with this priority or a higher one, and what they cost. */
  ahead(priority: number): { count: number; places: number } {
    let { count, places } = priority === 0 ? this : { count: 0, places: 0 }
    for (const lane of this.#higher?.slice(Math.max(0, priority - 1)) ?? []) {
      count += lane.count
      places += lane.places
    }
    return { count, places }
  }

  /** Who has waited longest. */
  oldest(arrivals: Heap<Waiter>): Waiter | undefined {
    const heads = [this, ...(this.#higher ?? [])].flatMap(({ head }) => head ?? [])
    return heads.sort((a, b) => arrivals.keyOf(a) - arrivals.keyOf(b))[0]
  }

  /** All who wait, each of a priority in order. */
  *waiters(): Generator<Waiter> {
    for (const { head } of [this, ...(this.#higher ?? [])] as Lane[]) {
      let waiter = head
      if (waiter === undefined) continue
      do {
        yield waiter
        waiter = waiter.next
      } while (waiter !== head)
    }
  }

  #lane(priority: number): Lane {
    if (priority === 0) return this
    this.#higher ??= Array.from({ length: HIGHEST }, () => new Lane())
    return this.#higher[priority - 1]
  }
}
