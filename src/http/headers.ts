/**
 * Headers that tell a client where it stands: draft-ietf-httpapi-ratelimit-headers, as of several of its drafts, and what
 * was usual before it. Template strings: a serialiser of structured fields takes fifty times as long.
 */
import { secondsToWait } from '../limiter/index.js'
import type { LimitVerdict, Verdict } from './verdict.js'

/** A header: its name, and its value. */
export type Header = readonly [name: string, value: string]

/** What headers a client gets. Named by draft, so that a later draft changes nothing for clients that read this one. */
export type HeaderStyle = keyof typeof STYLES

const STYLES = { 'draft-11': draft11, 'draft-7': draft7, 'draft-6': draft6, legacy }

/** The names of the styles. */
export const HEADER_STYLES = Object.keys(STYLES) as HeaderStyle[]

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
  const headers = STYLES[style](verdict)
  if (verdict.allowed) return headers
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
  let most = 0
  for (const limit of limits) most = Math.max(most, secondsToRetry(limit))
  return most
}

function draft11({ allowed, limits }: Verdict): Header[] {
  let policy = ''
  let state = ''
  for (const limit of limits) {
    const { name, quota, decision, partition } = limit
    const pk = partition === undefined ? '' : `;pk=:${partition}:`
    // Where another limit denied, this one's reset is left out: Retry-After ought not to be before any of them.
    const seconds = allowed || !decision.allowed ? secondsUntilMore(limit) : Infinity
    const t = seconds < Infinity ? `;t=${seconds}` : ''
    const comma = policy && ', '
    policy += `${comma}"${name}";q=${decision.limit};w=${windowSeconds(limit)}${pk}`
    state += `${comma}"${name}";r=${decision.remaining}${t}${pk}`
    if (quota.capacity >= 1) {
      const burst = burstName(name)
      policy += `, "${burst}";q=${Math.floor(quota.capacity)}${pk}`
      state += `, "${burst}";r=${Math.floor(decision.burstRemaining)}${pk}`
    }
  }
  return [
    ['RateLimit-Policy', policy],
    ['RateLimit', state],
  ]
}

function draft7(verdict: Verdict): Header[] {
  const { limit, remaining, reset } = tightest(verdict)
  return [
    ['RateLimit-Policy', earlyPolicy(verdict)],
    ['RateLimit', `limit=${limit}, remaining=${remaining}, reset=${reset}`],
  ]
}

function draft6(verdict: Verdict): Header[] {
  const headers = threeOf(DRAFT_6_NAMES, tightest(verdict))
  headers.push(['RateLimit-Policy', earlyPolicy(verdict)])
  return headers
}

function legacy(verdict: Verdict): Header[] {
  const { limit, remaining, reset } = tightest(verdict)
  return threeOf(LEGACY_NAMES, { limit, remaining, reset: Math.ceil(Date.now() / 1000) + reset })
}

/** Made once: hosts look headers up by name, which is slow for a string that is new. */
const DRAFT_6_NAMES = namesOf('RateLimit-')
const LEGACY_NAMES = namesOf('X-RateLimit-')

function namesOf(prefix: string): readonly string[] {
  return ['Limit', 'Remaining', 'Reset'].map((name) => prefix + name)
}

function threeOf(names: readonly string[], { limit, remaining, reset }: Tightest): Header[] {
  return [
    [names[0], `${limit}`],
    [names[1], `${remaining}`],
    [names[2], `${reset}`],
  ]
}

interface Tightest {
  readonly limit: number
  readonly remaining: number
  readonly reset: number
}

/** Policies as drafts 6 and 7 write them, without names. */
function earlyPolicy({ limits }: Verdict): string {
  let policy = ''
  for (const limit of limits) {
    const { quota, decision } = limit
    const burst = quota.capacity >= 1 ? `;burst=${Math.floor(quota.capacity)}` : ''
    policy += `${policy && ', '}${decision.limit};w=${windowSeconds(limit)}${burst}`
  }
  return policy
}

/** The one limit that the styles with room for one tell of: the longest to wait for, or the one with the least left. */
function tightest({ limits }: Verdict): Tightest {
  let found = limits[0]
  for (let index = 1; index < limits.length; index++) {
    const limit = limits[index]
    const longer = secondsToRetry(limit) - secondsToRetry(found)
    if (longer > 0 || (longer === 0 && limit.decision.remaining < found.decision.remaining)) found = limit
  }
  const seconds = secondsUntilMore(found)
  const { limit, remaining } = found.decision
  // These styles have no way to say never.
  return { limit, remaining, reset: seconds < Infinity ? seconds : windowSeconds(found) }
}

function burstName(name: string): string {
  return name === 'default' ? 'burst' : `${name}-burst`
}

/** The window in whole seconds, rounded up: a client that takes it at its word sends no more than it may. */
function windowSeconds({ quota }: LimitVerdict): number {
  return Math.ceil(quota.windowMs / 1000)
}

function secondsToRetry({ quota, decision }: LimitVerdict): number {
  return decision.allowed ? 0 : secondsToWait(decision.retryAfterMs, quota.windowMs)
}

/** Until the request is admitted, if it was denied; else until the window is empty. */
function secondsUntilMore(limit: LimitVerdict): number {
  const { quota, decision } = limit
  return decision.allowed ? secondsToWait(decision.resetMs, quota.windowMs) : secondsToRetry(limit)
}
