/**
 * What a fleet's store does: it keeps what all processes together know of each user, and decides by it. Two are built: Redis
 * (`redis/`, the rules in Lua) and the primary of `node:cluster` (`cluster/`). `ledger/` has the rules in this process, without a way to
 * it: another store in JavaScript is made of that. `test/fleet/traces.ts` and `reports-model.ts` judge a store.
 */
import type { Quota } from '../limiter/index.js'
import type { UserRecord } from '../limiter/user-record.js'

/** What is asked of a store about one user. */
export type Verb = 'decide' | 'report' | 'peek' | 'refund' | 'charge' | 'block' | 'unblock'

/**
 * A limit that processes share: its name, and what a user may take. Those of one name and window are one; a store may refuse another
 * quota under them (`RefusedError`).
 */
export interface SharedLimit {
  readonly name: string
  readonly quota: Quota
}

/** What a process has decided without asking, about one user. Times are milliseconds ago, when the question is put. */
export interface Activity {
  /** The first request and the last; -1 for none. */
  firstMs: number
  lastMs: number
  /** The sum of the gaps between them that are longer than the pace, each of them whole: what earns tokens. */
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
   * By verb:
   *
   *     verb            a                  b                  verdict                      places
   *     decide, peek    cost               limit              admitted, limit, blocked     those that tokens pay for; 0 if denied
   *     refund          base places        tokens             admitted                     0
   *     charge          cost               0                  admitted                     those that could not be taken
   *     block           milliseconds       0                  blocked                      0
   *     unblock         0                  0                  admitted                     0
   *     report          0                  0                  admitted                     0
   */
  readonly a: number
  readonly b: number
  /** What the process has decided meanwhile, which the store takes over first. */
  readonly activity: Activity
  /**
   * Milliseconds after which the answer is of no use: a store that comes to the question later does nothing, give or take some slack.
   * One that answers within the call need not look at it.
   */
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
  /** Burst tokens, in thousandths. Below 0 where processes spent more than there were. */
  readonly tokens: number
  /** Milliseconds until the window is empty. */
  readonly resetMs: number
  /** All of it. */
  record(): UserRecord
}

/** Where the limit of a fleet is kept. Made by `redisStore` or `clusterStore`. */
export interface FleetStore {
  /**
   * Prepares for a limit: its beginning is the first time that anybody did so. Called before all else, with the object that all questions
   * then come with. A store is not closed by its limiters.
   *
   * @returns milliseconds since the beginning
   */
  begin(limit: SharedLimit): Promise<number>
  /** Puts a question. Questions and resets of one user are done in the order in which they are put. */
  ask(limit: SharedLimit, question: Question): Promise<Answer>
  /** Forgets a user. */
  reset(limit: SharedLimit, userId: string): Promise<void>
}

/** What a store says that is well and does not do what it is asked: a foreign value at a key, another quota of the same name. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
}
