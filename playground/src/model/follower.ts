/**
 * What decides by promises follows the simulation at once rather than within the same call, on a clock of its own: requests are
 * noted when they come, and followed in order of time.
 */

/** More steps of microtasks than lie between an answer and what is made of it, in a fleet or a queue. */
const STEPS = 12

interface Arrival {
  readonly id: string
  readonly time: number
}

export abstract class Follower {
  /** What came and is not followed yet, in order of time. */
  protected readonly arrivals: Arrival[] = []
  #followed: Promise<void> = Promise.resolve()

  /** Notes a request. Times never go back. */
  arrive(id: string, time: number): void {
    this.arrivals.push({ id, time })
  }

  /** Follows all that came, and all that is due up to a time. */
  follow(end: number): Promise<void> {
    this.#followed = this.#followed.then(() => this.followTo(end))
    return this.#followed
  }

  /** Follows and removes what came up to a time. Runs once at a time. */
  protected abstract followTo(end: number): Promise<void>
}

/** Waits until all that was answered is made use of. */
export async function settled(): Promise<void> {
  for (let step = 0; step < STEPS; step++) await undefined
}
