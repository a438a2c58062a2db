/** What a limiter lets `checkTogether` do: a file of its own, since public types must not reach the types of the core. */
import type { Decision } from './decision.js'
import type { Settings } from './options.js'
import type { Users } from './users.js'

/**
 * Where a limiter has its part in decisions together. Known to all copies of the package in a process, so that limiters of
 * its ESM and its CommonJS build go together; a change of `Member` needs another name.
 */
export const MEMBER: unique symbol = Symbol.for('spillway.together/1')

/** What a limiter lets decisions together do. */
export interface Member {
  readonly settings: Settings
  /** A reading of its clock: anew, or one just made. */
  reading(made: number | undefined): number
  /** Its users, one of whom is to be asked about. */
  open(userId: string): Users
  report(call: 'check' | 'peek', users: Users, slot: number, reading: number, cost: number, limit: number): Decision
  /** Sees to the bits that the core gave. */
  attend(bits: number): void
}
