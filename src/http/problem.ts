/** Bodies of answers to requests that do not go on: problem details, RFC 9457. */
import type { Verdict } from './verdict.js'

/** The content type of a problem. */
export const PROBLEM_TYPE = 'application/problem+json'

/** The problem of a denied request: the type that draft-ietf-httpapi-ratelimit-headers registers. */
export interface QuotaExceeded {
  readonly type: 'https://iana.org/assignments/http-problem-types#quota-exceeded'
  readonly title: string
  readonly status: 429
  /** The names of the limits that denied. */
  readonly 'violated-policies': readonly string[]
}

/** The problem of a request that could not be decided. */
export const UNDECIDED = { type: 'about:blank', title: 'Internal Server Error', status: 500 } as const

/**
 * Describes a denied request.
 *
 * @example
 * ```ts
 * rateLimit({ limiter, key, onDenied: (verdict, req, res) => res.json({ ...quotaExceeded(verdict), help: '/limits' }) })
 * ```
 */
export function quotaExceeded(verdict: Pick<Verdict, 'denied'>): QuotaExceeded {
  return {
    type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
    title: 'Request cannot be satisfied as assigned quota has been exceeded',
    status: 429,
    'violated-policies': verdict.denied,
  }
}
