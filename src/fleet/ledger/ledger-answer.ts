/** An answer of the ledger, as those who ask want it. */
import type { Quota } from '../../limiter/index.js'
import { TICKS } from '../../limiter/index.js'
import type { UserRecord } from '../../limiter/user-record.js'
import type { Answer } from '../store.js'
import type { Reply } from './reply.js'

export class LedgerAnswer implements Answer {
  readonly #reply: Reply
  readonly #windowMs: number

  constructor(reply: Reply, { windowMs }: Quota) {
    this.#reply = reply
    this.#windowMs = windowMs
  }

  get verdict(): Answer['verdict'] {
    return this.#reply.verdict
  }

  get atMs(): number {
    return this.#reply.atMs
  }

  get places(): number {
    return this.#reply.places
  }

  get tokens(): number {
    return this.#reply.record.tokens
  }

  get taken(): number {
    const { ages, counts } = this.#reply.record
    return counts === undefined ? ages.length : counts.reduce((sum, count) => sum + count, 0)
  }

  get resetMs(): number {
    const { ages, fraction } = this.#reply.record
    const newest = ages.at(-1)
    return newest === undefined ? 0 : ((TICKS - newest - fraction) * this.#windowMs) / TICKS
  }

  record(): UserRecord {
    const { record } = this.#reply
    // Whoever is given it may change it. JSON has no `undefined`.
    return { ...record, ages: [...record.ages], counts: record.counts && [...record.counts] }
  }
}
