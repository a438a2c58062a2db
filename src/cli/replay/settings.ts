/** What a replay is told. */
import type { Quota } from '../../limiter/index.js'
import type { Key } from './log-line.js'

export interface ReplaySettings extends Quota {
  readonly key: Key
  /** Whether to take requests in the order of their times, not of the log. */
  readonly sort: boolean
  /** `undefined` for room for all. */
  readonly maxUsers: number | undefined
  /** How many limited users to list. */
  readonly top: number
}
