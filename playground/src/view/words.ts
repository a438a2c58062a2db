/** Numbers and states in words, for labels, readings and screen readers. */
import type { Fleet } from '../model/fleet.js'
import { BASE, BLOCKED, BURST, SHARED } from '../model/gate.js'
import type { Simulation } from '../model/simulation.js'
import type { User } from '../model/user.js'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** A length of time as people say it: 250 ms, 1 s, 2.5 s, 3 min, 1 min 30 s, 1 h. */
export function duration(ms: number): string {
  if (ms < 1000) return `${ms} ms`
  if (ms < MINUTE_MS) return `${ms / 1000} s`
  return inParts([
    [Math.floor(ms / HOUR_MS), 'h'],
    [Math.floor((ms % HOUR_MS) / MINUTE_MS), 'min'],
    [(ms % MINUTE_MS) / 1000, 's'],
  ])
}

/** A length of time in a sentence: a second, 250 ms. */
export function span(ms: number): string {
  if (ms === 1000) return 'second'
  if (ms === MINUTE_MS) return 'minute'
  return ms === HOUR_MS ? 'hour' : duration(ms)
}

/** A point of simulated time. */
export function moment(ms: number, decimals = 2): string {
  if (ms < 10 * MINUTE_MS) return `${(ms / 1000).toFixed(decimals)} s`
  return clock(ms, ms >= HOUR_MS, (ms % MINUTE_MS) / 1000, decimals)
}

/** The label of an edge on the time axis, of windows of some length. */
export function edge(ms: number, windowMs: number): string {
  if (windowMs % HOUR_MS === 0) return `${ms / HOUR_MS} h`
  if (windowMs % MINUTE_MS === 0) return `${ms / MINUTE_MS} min`
  if (windowMs < 10_000) return `${ms / 1000} s`
  return clock(ms, ms >= HOUR_MS, (ms % MINUTE_MS) / 1000, windowMs % 1000 === 0 ? 0 : 1)
}

/** Minutes and seconds, or hours, minutes and seconds, with colons. */
function clock(ms: number, hours: boolean, seconds: number, decimals: number): string {
  const whole = Math.floor(seconds * 10 ** decimals) / 10 ** decimals
  const rest = whole.toFixed(decimals).padStart(decimals > 0 ? decimals + 3 : 2, '0')
  const minutes = Math.floor(ms / MINUTE_MS)
  if (!hours) return `${minutes}:${rest}`
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${rest}`
}

function inParts(parts: readonly (readonly [number, string])[]): string {
  return parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ')
}

/** A count for an axis, which has little room: 9000, 10k, 10.5k. */
export function shortly(count: number): string {
  return count < 10_000 ? String(count) : `${count / 1000}k`
}

export function tokens(count: number): string {
  return count.toFixed(1)
}

export function outcomeWord(outcome: number): string {
  if (outcome === SHARED) return 'denied by the shared limit'
  if (outcome === BLOCKED) return 'blocked'
  return outcome === BASE ? 'base' : outcome === BURST ? 'burst' : 'denied'
}

/** A worst window against the limit: 50, 1.00× the limit; 50 + 3 burst, 1.06× the limit. */
export function against(limit: number, worst: number, burst = 0): string {
  const count = burst > 0 ? `${worst} + ${burst} burst` : String(worst)
  return worst + burst > 0 ? `${count}, ${((worst + burst) / limit).toFixed(2)}× the limit` : count
}

/** Requests so far, by what became of them. */
export function tally({ tally }: User): string {
  const { base, burst, denied, shared, blocked, refunded } = tally
  const why = [
    [shared, 'by the shared limit'],
    [blocked, 'blocked'],
  ] as const
  const reasons = why.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`)
  const parts = [`${base} base`, `${burst} burst`, `${denied} denied`]
  if (reasons.length > 0) parts[2] += ` (${reasons.join(', ')})`
  if (refunded > 0) parts.push(`${refunded} refunded`)
  return parts.join(', ')
}

/** What holds for a user beside its window and its tokens; empty if nothing does. */
export function conditions(simulation: Simulation, index: number): string {
  const { blockedMs } = simulation.standing(index)
  const { limit, fill } = simulation.shared
  const found: string[] = []
  if (blockedMs > 0) found.push(`blocked for ${duration(Math.ceil(blockedMs))}`)
  if (limit > 0) found.push(`all users together ${fill} of ${limit}`)
  return found.join('; ')
}

/** Where a user stands, in full sentences. */
export function standing(simulation: Simulation, index: number, user: User): string {
  const { quota, now } = simulation
  const { fill, tokens: saved } = simulation.standing(index)
  const also = conditions(simulation, index)
  const { base, burst, denied, shared, blocked, refunded } = user.tally
  const counted = [
    `${base} admitted by base`,
    `${burst} by burst`,
    `${denied} denied`,
    ...(shared > 0 ? [`${shared} of them by the shared limit`] : []),
    ...(blocked > 0 ? [`${blocked} of them while blocked`] : []),
    ...(refunded > 0 ? [`${refunded} refunded`] : []),
  ]
  return (
    `User ${user.id} at ${moment(now)}: ${fill} of ${quota.limit} places taken, ${tokens(saved)} tokens saved` +
    `${also && `; ${also}`}. So far ${counted.join(', ')}.`
  )
}

/** What the queue made of a user's requests. */
export function queued({ line }: Simulation, { id }: User): string {
  const { started, refused, longestMs } = line.of(id)
  return `${started} started, ${line.waiting(id)} waiting, ${refused} refused; longest wait ${duration(longestMs)}`
}

/** The worst windows, in a sentence. */
export function worst(simulation: Simulation, user: User): string {
  const { quota, line } = simulation
  const { counts } = user
  const queue = line.of(user.id).counts
  return (
    `Worst ${span(quota.windowMs)}: Spillway ${counts.base.worst} by base, ${counts.spillway.worst} with burst; ` +
    `queue ${queue.base.worst} by base, ${queue.all.worst} with burst; ` +
    `fixed window ${counts.fixed.worst}; token bucket ${counts.bucket.worst}. Queue: ${queued(simulation, user)}.`
  )
}

/** What a fleet may do, in a sentence. */
export function bound({ processes, allowance, bound }: Fleet, limit: number): string {
  const several = processes === 1 ? '1 process' : `${processes} processes`
  return `${limit} + ${several} × ${allowance} allowance = ${bound} at most in any window`
}

/** The worst windows of a fleet, in a sentence. */
export function fleetWorst({ fleet, quota }: Simulation, { id }: User): string {
  const { counts } = fleet.of(id)
  return (
    `Worst ${span(quota.windowMs)} of user ${id} over the fleet: report and adopt ${counts.fleet.worst}, ` +
    `bound ${fleet.bound}; exact ${counts.exact.worst}; fixed window ${counts.fixed.worst}; ` +
    `limit divided by processes ${counts.share.worst}.`
  )
}
