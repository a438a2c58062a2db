/** What was decided of a request: what hooks are told, and what headers and bodies are made of. */
import type { Decision, Quota } from '../limiter/index.js'

/** One limit's part in a verdict. */
export interface LimitVerdict {
  /** Its name in headers and bodies. */
  readonly name: string
  /** What the key function gave. */
  readonly key: string
  /** Places that the request asked for. */
  readonly cost: number
  /** The quota of the limiter. */
  readonly quota: Quota
  /** What the limiter decided; where another limit denied, what it would have. */
  readonly decision: Decision
  /** What clients may know of the key, as base64; undefined if nothing. */
  readonly partition: string | undefined
}

/** What was decided of a request, by all its limits together. */
export interface Verdict {
  /** Whether all limits admit the request. */
  readonly allowed: boolean
  /** Whether the request goes on whatever was decided. */
  readonly shadow: boolean
  /** The limits, in the order of the options. */
  readonly limits: readonly LimitVerdict[]
  /** The names of those that deny; none if allowed. */
  readonly denied: readonly string[]
  /** 0 if allowed, else the milliseconds after which all admit the request if nothing else happens. `Infinity` if never. */
  readonly retryAfterMs: number
}
