/**
 * What a fleet's store does: it keeps what all processes together know of each user, and decides by it. Two are built: Redis
 * (`redis/`) and the primary of `node:cluster` (`cluster/`).
 */
import type { Quota, UserRecord } from '../limiter/index.js'

/** What is asked of a store about one user. */
export type Verb = 'decide' | 'report' | 'peek' | 'refund' | 'charge' | 'block' | 'unblock'

/** A limit that processes share: its name, and what a user may take. */
export interface SharedLimit {
  readonly name: string
  readonly quota: Quota
}

/** What a process has decided without asking, about one user. Times are milliseconds ago, when the question is put. */
export interface Activity {
  /** The first request and the last; -1 for none. */
  firstMs: number
  lastMs: number
  /** The gaps between them that earn tokens. */
  earnedMs: number
  /** Burst tokens spent. */
  spent: number
  /** When base places were taken, the oldest first. */
  placesMs: readonly number[]
}

export const NO_ACTIVITY: Activity = { firstMs: -1, lastMs: -1, earnedMs: 0, spent: 0, placesMs: [] }

/** A question about one user. */
export interface Question {
  readonly verb: Verb
  readonly userId: string
  /**
   * `decide` and `peek`: the cost, and the limit of the request. `refund`: base places and tokens. `charge`: the cost. `block`: for how
   * many milliseconds.
   */
  readonly a: number
  readonly b: number
  /** What the process has decided meanwhile, which the store takes over first. */
  readonly activity: Activity
  /** Milliseconds after which the answer is of no use: a store that comes to the question later does nothing. */
  readonly usefulMs: number
}

/** An answer: the verdict, and where the user then stands. */
export interface Answer {
  /** `stale`: the question came too late, and nothing was done. */
  readonly verdict: 'admitted' | 'limit' | 'blocked' | 'stale'
  /** When it was given, by the store's clock: of two answers about a user, the later one knows more. */
  readonly atMs: number
  /** `decide` and `peek`: places that tokens pay for. `charge`: places that could not be taken. */
  readonly places: number
  /** Base places taken. */
  readonly taken: number
  /** Burst tokens, in thousandths. */
  readonly tokens: number
  /** Milliseconds until the window is empty. */
  readonly resetMs: number
  /** All of it. */
  record(): UserRecord
}

/** Where the limit of a fleet is kept. Made by `redisStore` or `clusterStore`. */
export interface FleetStore {
  /**
   * Prepares for a limit: its beginning is the first time that anybody did so.
   *
   * @returns milliseconds since the beginning
   */
  begin(limit: SharedLimit): Promise<number>
  /** Puts a question. Questions about one user are answered in the order in which they are put. */
  ask(limit: SharedLimit, question: Question): Promise<Answer>
  /** Forgets a user. */
  reset(limit: SharedLimit, userId: string): Promise<void>
}

/** An error that concerns one user alone, such as a foreign value at its key: the store is well. */
export class UserError extends Error {
  override readonly name = 'UserError'
}
