/**
 * Signals that may end waits: one listener a signal, however many wait with it, and none once the last of them has gone.
 */
import type { Waiter } from './waiters.js'

interface Group {
  readonly waiters: Set<Waiter>
  readonly listener: () => void
}

export class Signals {
  readonly #groups = new Map<AbortSignal, Group>()
  readonly #onAbort: (waiters: Iterable<Waiter>, signal: AbortSignal) => void

  /** @param onAbort is given all who wait with a signal that was aborted */
  constructor(onAbort: (waiters: Iterable<Waiter>, signal: AbortSignal) => void) {
    this.#onAbort = onAbort
  }

  add(waiter: Waiter, signal: AbortSignal): void {
    let group = this.#groups.get(signal)
    if (group === undefined) {
      const waiters = new Set<Waiter>()
      group = { waiters, listener: () => this.#onAbort([...waiters], signal) }
      this.#groups.set(signal, group)
      signal.addEventListener('abort', group.listener)
    }
    group.waiters.add(waiter)
  }

  delete(waiter: Waiter, signal: AbortSignal): void {
    const group = this.#groups.get(signal)
    if (!group?.waiters.delete(waiter) || group.waiters.size > 0) return
    this.#groups.delete(signal)
    signal.removeEventListener('abort', group.listener)
  }
}
