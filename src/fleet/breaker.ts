/**
 * Whether the store is asked at all: not for a while after it has failed, so that nobody waits in vain and a store that comes back
 * is not met by all processes at once (a circuit breaker: M. Nygard, "Release It!").
 */
import type { FleetState } from './options.js'

/**
 * So many failures in a row, with no answer between, and the store is unavailable. A failure counts if nothing was answered since
 * its question was put: where one server of a cluster is gone, the users of others go on.
 */
const FAILURES = 3

/** Milliseconds until it is asked again, at first and at most: half of that and a random part of the other half. */
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 800

export class Breaker {
  readonly #tell: (state: FleetState, error?: unknown) => void
  #failures = 0
  #answeredAt = -Infinity
  #pauseMs = FIRST_PAUSE_MS
  /** When the store may be asked again, while it is unavailable. */
  #retryAt = 0
  /** Whether the store is unavailable. */
  isOpen = false

  constructor(tell: (state: FleetState, error?: unknown) => void) {
    this.#tell = tell
  }

  get state(): FleetState {
    return this.isOpen ? 'unavailable' : 'available'
  }

  /** Whether the store may be asked now. While it is unavailable, one question at a time may go, to try it. */
  permits(now: number): boolean {
    if (!this.isOpen) return true
    if (now < this.#retryAt) return false
    this.#pause(now)
    return true
  }

  succeeded(now: number): void {
    this.#answeredAt = now
    this.#failures = 0
    this.#pauseMs = FIRST_PAUSE_MS
    if (!this.isOpen) return
    this.isOpen = false
    this.#tell('available')
  }

  /** @param askedAt when the question was put that failed */
  failed(now: number, error: unknown, askedAt: number): void {
    if (this.isOpen || this.#answeredAt > askedAt || ++this.#failures < FAILURES) return
    this.isOpen = true
    this.#pause(now)
    this.#tell('unavailable', error)
  }

  #pause(now: number): void {
    this.#retryAt = now + this.#pauseMs * (0.5 + Math.random() / 2)
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * this.#pauseMs)
  }
}
