/** What a ledger answers, as data that JSON carries. */
import type { UserRecord } from '../../limiter/user-record.js'
import type { Answer } from '../store.js'

/** An answer as data. */
export interface Reply {
  readonly verdict: Answer['verdict']
  readonly places: number
  readonly atMs: number
  readonly record: UserRecord
}
