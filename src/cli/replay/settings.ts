/** What a replay is told. */
import type { Trust } from '../../http/trust.js'
import type { Quota } from '../../limiter/index.js'
import type { FormatName, Key } from './formats/index.js'

export interface ReplaySettings extends Quota {
  readonly key: Key
  /** `undefined` for what the lines look like. */
  readonly format: FormatName | undefined
  /** The proxies whose word counts; `undefined` if nobody said. */
  readonly trust: Trust | undefined
  /** Bits of an IPv6 address that count. */
  readonly ipv6Prefix: number
  /** Whether to take requests in the order of their times, not of the log. */
  readonly sort: boolean
  /** `undefined` for room for all. */
  readonly maxUsers: number | undefined
  /** How many limited users to list. */
  readonly top: number
}
