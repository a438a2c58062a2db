/** What a ledger answers, as data that JSON carries. */
import type { UserRecord } from '../../limiter/index.js'
import type { Answer } from '../store.js'

/** An answer as data. */
export interface Reply {
  readonly verdict: Answer['verdict']
  readonly places: number
  readonly atMs: number
  readonly record: UserRecord
}
