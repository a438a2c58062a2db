/**
 * Headers that tell a client where it stands: draft-ietf-httpapi-ratelimit-headers, as of several of its drafts, and what
 * was usual before it. Template strings: a serialiser of structured fields takes fifty times as long.
 */
import type { Decision, Quota } from '../limiter/index.js'
import { withoutRounding } from '../limiter/index.js'
import type { LimitVerdict, Verdict } from './verdict.js'

/**
 * A header: its name, and its value. Names are in lower case, which hosts would make of them, at a cost, to look them up.
 */
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
 * // [['ratelimit-policy', '"default";q=50;w=1'], ['ratelimit', '"default";r=49;t=1']]
 * ```
 */
export function rateLimitHeaders(verdict: Verdict, style: HeaderStyle | false = 'draft-11'): Header[] {
  if (style === false) return []
  const headers = style === 'draft-11' ? draft11(verdict) : ofOneLimit(verdict, style)
  if (verdict.allowed) return headers
  const wait = retryAfterSeconds(verdict)
  if (wait > 0 && wait < Infinity) headers.push(['retry-after', `${wait}`])
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

/** Tells of every limit, and of burst tokens as policies of their own. */
function draft11({ allowed, limits }: Verdict): Header[] {
  let policy = ''
  let state = ''
  for (const limit of limits) {
    const { name, quota, decision, partition } = limit
    const pk = partition === undefined ? '' : `;pk=:${partition}:`
    const comma = policy && ', '
    // Where another limit denied, this one's reset is left out: Retry-After ought not to be before any of them.
    const seconds = allowed || !decision.allowed ? secondsUntilMore(limit) : Infinity
    const t = seconds < Infinity ? `;t=${seconds}` : ''
    policy += `${comma}"${name}";q=${decision.limit};w=${windowSeconds(limit)}${pk}`
    state += `${comma}"${name}";r=${left(decision, decision.remaining)}${t}${pk}`
    const burst = burstName(name, quota)
    if (burst) {
      policy += `, "${burst}";q=${Math.floor(quota.capacity)}${pk}`
      state += `, "${burst}";r=${left(decision, decision.burstRemaining)}${pk}`
    }
  }
  return [
    ['ratelimit-policy', policy],
    ['ratelimit', state],
  ]
}

/** The styles that have room for one limit: they tell of the longest to wait for, or the one with the least left. */
function ofOneLimit({ limits }: Verdict, style: Exclude<HeaderStyle, 'draft-11'>): Header[] {
  let found = limits[0]
  let policy = ''
  for (const limit of limits) {
    const { name, quota, decision } = limit
    const longer = secondsToRetry(limit) - secondsToRetry(found)
    if (longer > 0 || (longer === 0 && decision.remaining < found.decision.remaining)) found = limit
    const burst = burstName(name, quota) && `;burst=${Math.floor(quota.capacity)}`
    policy += `${policy && ', '}${decision.limit};w=${windowSeconds(limit)}${burst}`
  }
  const { decision } = found
  const { limit } = decision
  const remaining = left(decision, decision.remaining)
  const seconds = secondsUntilMore(found)
  // They have no way to say never.
  const reset = seconds < Infinity ? seconds : windowSeconds(found)
  if (style === 'legacy') {
    return [
      ['x-ratelimit-limit', `${limit}`],
      ['x-ratelimit-remaining', `${remaining}`],
      // In seconds since 1970.
      ['x-ratelimit-reset', `${reset + Math.ceil(Date.now() / 1000)}`],
    ]
  }
  const headers: Header[] = [['ratelimit-policy', policy]]
  if (style === 'draft-7') headers.push(['ratelimit', `limit=${limit}, remaining=${remaining}, reset=${reset}`])
  else
    headers.push(
      ['ratelimit-limit', `${limit}`],
      ['ratelimit-remaining', `${remaining}`],
      ['ratelimit-reset', `${reset}`],
    )
  return headers
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
