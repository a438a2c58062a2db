/** Numbers and states in words, for labels, readings and screen readers. */
import type { Simulation } from '../model/simulation.js'
import type { User } from '../model/user.js'
import { BASE, BURST } from '../model/user.js'

/** A length of time as people say it: 250 ms, 1 s, 2.5 s. */
export function duration(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${ms / 1000} s`
}

/** A length of time in a sentence: a second, 250 ms. */
export function span(ms: number): string {
  return ms === 1000 ? 'second' : duration(ms)
}

/** A point of simulated time. */
export function moment(ms: number, decimals = 2): string {
  return `${(ms / 1000).toFixed(decimals)} s`
}

export function tokens(count: number): string {
  return count.toFixed(1)
}

export function outcomeWord(outcome: number): string {
  return outcome === BASE ? 'base' : outcome === BURST ? 'burst' : 'denied'
}

/** Where a user stands, in full sentences. */
export function standing(simulation: Simulation, index: number, user: User): string {
  const { quota, now } = simulation
  const { fill, tokens: saved } = simulation.standing(index)
  const { base, burst, denied } = user.tally
  return (
    `User ${user.id} at ${moment(now)}: ${fill} of ${quota.limit} places taken, ${tokens(saved)} tokens saved. ` +
    `So far ${base} admitted by base, ${burst} by burst, ${denied} denied.`
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
