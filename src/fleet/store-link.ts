/**
 * A limit's way to its store: every question is about a limit that the store knows of, is answered in time or fails, and tells the
 * breaker what came of it.
 */
import { systemClock } from '../limiter/index.js'
import { Breaker } from './breaker.js'
import { Deadlines } from './deadlines.js'
import type { FleetSettings, FleetState } from './options.js'
import type { Answer, Question, SharedLimit } from './store.js'
import { RefusedError } from './store.js'

export function noStore(): Error {
  return new Error('The store of the fleet does not answer')
}

export class StoreLink {
  readonly #settings: FleetSettings
  readonly #shared: SharedLimit
  readonly #onBegun: (ageMs: number) => void
  readonly #breaker: Breaker
  readonly #deadlines: Deadlines
  #begun: Promise<void> | undefined
  #hasBegun = false
  /** Nothing is done with answers that come later. */
  isClosed = false
  /** Questions put. */
  asked = 0
  /** What got no answer, or none in time. */
  failures = 0

  /** @param onBegun is told how long ago the limit began in the store, once it answers */
  constructor(settings: FleetSettings, onBegun: (ageMs: number) => void) {
    const { name, quota, timeoutMs, onStateChange } = settings
    this.#settings = settings
    this.#shared = { name, quota }
    this.#onBegun = onBegun
    // Later, so that an error in it is its own and fails no decision.
    this.#breaker = new Breaker((state, error) => {
      if (onStateChange !== undefined) queueMicrotask(() => onStateChange(state, error))
    })
    this.#deadlines = new Deadlines(timeoutMs, systemClock)
  }

  get state(): FleetState {
    return this.#breaker.state
  }

  /** Whether the store is taken for unavailable. */
  get isBroken(): boolean {
    return this.#breaker.isOpen
  }

  /** Whether the store may be asked now: while it is taken for unavailable, each call that is told so has to ask it. */
  permits(): boolean {
    return this.#breaker.permits(systemClock())
  }

  /** Tells the store of the limit. Throws only where it refuses it: one that does not answer is told later. */
  async begin(): Promise<void> {
    await this.#inTime(async () => {}).catch((error) => {
      if (error instanceof RefusedError) throw error
    })
  }

  /**
   * Puts a question to the store. What comes of it is seen to though it may come too late for the one who asked.
   *
   * @param settled uses the answer, unless the limiter was closed meanwhile
   * @param failed is called if there is none
   */
  ask(question: Question, settled?: (answer: Answer) => void, failed?: () => void): Promise<Answer> {
    this.asked++
    return this.#inTime(
      () => this.#settings.store.ask(this.#shared, question),
      (answer) => {
        if (answer.verdict === 'stale') throw new Error('The store came to the question too late')
        if (!this.isClosed) settled?.(answer)
      },
      failed,
    )
  }

  /** Has the store forget a user. */
  async reset(userId: string): Promise<void> {
    if (!this.permits()) throw noStore()
    await this.#inTime(() => this.#settings.store.reset(this.#shared, userId))
  }

  /**
   * Does something that has to be done in time, with a store that knows of the limit, and tells the breaker what came of it. By
   * callbacks: promises in between would cost more than all of this.
   *
   * @param act is not called once it is too late: whoever asked has gone on without
   * @param use uses the result, though it may be late; what it throws is a failure
   * @param failed is called if there is none
   */
  #inTime<Result>(act: () => Promise<Result>, use?: (result: Result) => void, failed?: () => void): Promise<Result> {
    return new Promise((resolve, reject) => {
      let isLate = false
      const askedAt = systemClock()
      const fail = (error: unknown) => {
        this.failures++
        const now = systemClock()
        // A store that refuses the limit itself is of no use.
        if (error instanceof RefusedError && this.#hasBegun) this.#breaker.succeeded(now)
        else this.#breaker.failed(now, error, askedAt)
        reject(error)
      }
      const wait = this.#deadlines.begin(() => {
        isLate = true
        // The next question begins anew: this beginning may never end, as where a connection is stalled.
        if (!this.#hasBegun) this.#begun = undefined
        fail(new Error(`The store of the fleet gave no answer within ${this.#settings.timeoutMs} ms`))
      })
      const refused = (error: unknown) => {
        this.#deadlines.end(wait)
        failed?.()
        if (!isLate) fail(error)
      }
      const answered = (result: Result) => {
        this.#deadlines.end(wait)
        if (!isLate) this.#breaker.succeeded(systemClock())
        try {
          use?.(result)
        } catch (error) {
          refused(error)
          return
        }
        resolve(result)
      }
      const actInTime = () => {
        if (isLate) throw noStore()
        return act()
      }
      try {
        const acting = this.#hasBegun ? act() : this.#beginning().then(actInTime)
        acting.then(answered, refused)
      } catch (error) {
        refused(error)
      }
    })
  }

  /** Makes sure that the store knows of the limit. */
  #beginning(): Promise<void> {
    this.#begun ??= this.#settings.store.begin(this.#shared).then(
      (ageMs) => {
        this.#hasBegun = true
        this.#onBegun(ageMs)
      },
      (error) => {
        this.#begun = undefined
        throw error
      },
    )
    return this.#begun
  }
}
