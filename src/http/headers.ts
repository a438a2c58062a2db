/**
 * Headers that tell a client where it stands: draft-ietf-httpapi-ratelimit-headers, as of several of its drafts, and what
 * was usual before it. Template strings: a serialiser of structured fields takes fifty times as long.
 */
import type { Decision, Quota } from '../limiter/index.js'
import { withoutRounding } from '../limiter/index.js'
import type { LimitVerdict, Verdict } from './verdict.js'

/** A header: its name, and its value. */
export type Header = readonly [name: string, value: string]

/** What headers a client gets. Named by draft, so that a later draft changes nothing for clients that read this one. */
export type HeaderStyle = 'draft-11' | 'draft-7' | 'draft-6' | 'legacy'

/**
 * Gives the headers for a verdict: those of the style, and `Retry-After` if it denies and waiting helps. Seconds are whole,
 * and never above the window by what rounding adds; a client that waits so long, and two 30,000ths of the window more, is
 * admitted.
 *
 * @param style default `'draft-11'`; `false` for no headers
 * @example
 * ```ts
 * rateLimitHeaders(verdict)
 * // [['RateLimit-Policy', '"default";q=50;w=1'], ['RateLimit', '"default";r=49;t=1']]
 * ```
 */
export function rateLimitHeaders(verdict: Verdict, style: HeaderStyle | false = 'draft-11'): Header[] {
  if (style === false) return []
  const headers = style === 'draft-11' ? draft11(verdict) : earlier(verdict, style)
  const wait = retryAfterSeconds(verdict)
  if (wait > 0 && wait < Infinity) headers.push(['Retry-After', `${wait}`])
  return headers
}

/**
 * Gives the whole seconds of `Retry-After`: 0 if the verdict allows, `Infinity` if waiting does not help.
 *
 * @example
 * ```ts
 * onDenied: (verdict) => new Response(`Try again in ${retryAfterSeconds(verdict)} s`, { status: 429 })
 * ```
 */
export function retryAfterSeconds({ limits }: Pick<Verdict, 'limits'>): number {
  return Math.max(...limits.map(secondsToRetry))
}

function draft11({ allowed, limits }: Verdict): Header[] {
  const policy: string[] = []
  const state: string[] = []
  for (const limit of limits) {
    const { name, quota, decision, partition } = limit
    const pk = partition === undefined ? '' : `;pk=:${partition}:`
    // Where another limit denied, this one's reset is left out: Retry-After ought not to be before any of them.
    const seconds = allowed || !decision.allowed ? secondsUntilMore(limit) : Infinity
    const t = seconds < Infinity ? `;t=${seconds}` : ''
    policy.push(`"${name}";q=${decision.limit};w=${windowSeconds(limit)}${pk}`)
    state.push(`"${name}";r=${left(decision, decision.remaining)}${t}${pk}`)
    const burst = burstName(name, quota)
    if (burst) {
      policy.push(`"${burst}";q=${Math.floor(quota.capacity)}${pk}`)
      state.push(`"${burst}";r=${left(decision, decision.burstRemaining)}${pk}`)
    }
  }
  return [
    ['RateLimit-Policy', policy.join(', ')],
    ['RateLimit', state.join(', ')],
  ]
}

/** The styles that have room for one limit: they tell of the longest to wait for, or the one with the least left. */
function earlier({ limits }: Verdict, style: HeaderStyle): Header[] {
  let found = limits[0]
  const policies = limits.map((limit) => {
    const { name, quota, decision } = limit
    const longer = secondsToRetry(limit) - secondsToRetry(found)
    if (longer > 0 || (longer === 0 && decision.remaining < found.decision.remaining)) found = limit
    const burst = burstName(name, quota) && `;burst=${Math.floor(quota.capacity)}`
    return `${decision.limit};w=${windowSeconds(limit)}${burst}`
  })
  const { decision } = found
  const seconds = secondsUntilMore(found)
  const legacy = style === 'legacy'
  const values = Object.entries({
    Limit: decision.limit,
    Remaining: left(decision, decision.remaining),
    // They have no way to say never. The legacy one tells seconds since 1970.
    Reset: (seconds < Infinity ? seconds : windowSeconds(found)) + (legacy ? Math.ceil(Date.now() / 1000) : 0),
  })
  const single = values.map(([name, value]): Header => [`${legacy ? 'X-' : ''}RateLimit-${name}`, `${value}`])
  if (legacy) return single
  const one: Header = ['RateLimit', values.map((pair) => pair.join('=').toLowerCase()).join(', ')]
  return [['RateLimit-Policy', policies.join(', ')], ...(style === 'draft-7' ? [one] : single)]
}

/** What tokens are called as a policy of their own; `''` where there are none. */
export function burstName(name: string, { capacity }: Quota): string {
  if (capacity < 1) return ''
  return name === 'default' ? 'burst' : `${name}-burst`
}

/** Whole places or tokens that a client can still take: none while it is denied whatever it has. */
function left({ allowed, reason }: Decision, count: number): number {
  return allowed || reason === 'limit' ? Math.floor(count) : 0
}

/** The window in whole seconds, rounded up: a client that takes it at its word sends no more than it may. */
function windowSeconds({ quota }: LimitVerdict): number {
  return Math.ceil(quota.windowMs / 1000)
}

function secondsToRetry(limit: LimitVerdict): number {
  return limit.decision.allowed ? 0 : secondsUntilMore(limit)
}

/** Until the request is admitted, if it was denied; else until the window is empty. `Infinity` if never. */
function secondsUntilMore({ quota, decision }: LimitVerdict): number {
  const { allowed, limit, resetMs, retryAfterMs } = decision
  // Under a limit of 0 an empty window gives nothing, either.
  const ms = allowed ? (limit > 0 ? resetMs : Infinity) : retryAfterMs
  const seconds = Math.ceil(withoutRounding(ms, quota.windowMs) / 1000)
  // Integers of structured fields have 15 digits at most.
  return seconds < 1e15 ? seconds : Infinity
}
