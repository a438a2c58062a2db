/** Several limits, one decision: all of them admit a request, or none takes anything. */
import { ADMITTED } from './abi.js'
import type { Decision } from './decision.js'
import type { Limiter, RequestOptions } from './limiter.js'
import type { Member } from './member.js'
import { MEMBER } from './member.js'
import { maxCost } from './quota.js'
import { checkCost, checkLimit } from './request.js'
import type { Users } from './users.js'
import { checkId, checkNames, describe } from './validation.js'

/** One limit of several that a request has to meet, and what it asks of that. */
export interface TogetherRequest extends RequestOptions {
  /** Made by `loadLimiter` or `createLimiter`; still open. */
  limiter: Limiter
  /** Any string. */
  userId: string
}

/** A decision of several limits. */
export interface TogetherDecision {
  /** Whether all limits admit the request, which then has taken from all of them. */
  allowed: boolean
  /**
   * The decision of each limit, in the order of the requests. Where another denied, one that admits has taken nothing: then
   * it tells what `peek` would. Requests of the same user to the same limiter have the same decision.
   */
  decisions: Decision[]
  /** The places in `decisions` of those that deny; none if allowed. */
  denied: number[]
  /** 0 if allowed; else the milliseconds after which all of them admit if nothing else happens. `Infinity` if never. */
  retryAfterMs: number
}

/** A limiter as this file sees it. */
interface LimiterMember {
  readonly [MEMBER]?: Member
}

/** A user of a limiter, and what all requests to it ask for together. */
interface Part {
  readonly member: Member
  readonly userId: string
  cost: number
  limit: number
  /** Whether there are other users of the same limiter: then its slot must be looked up before each use. */
  shared: boolean
  reading: number
  users: Users
  slot: number
  decision: Decision | undefined
}

const MOST_REQUESTS = 16

/** What messages call them. */
const NAMES = Array.from({ length: MOST_REQUESTS }, (_, index) => `requests[${index}]`)
const PREFIXES = NAMES.map((name) => `${name}.`)

/** Whether `checkTogether` takes a limiter: one that decides elsewhere, by a promise, it does not. */
export function decidesTogether(limiter: object): limiter is Limiter {
  return MEMBER in limiter
}

const REQUEST_NAMES = Object.keys({
  limiter: true,
  userId: true,
  cost: true,
  limit: true,
} satisfies Record<keyof TogetherRequest, true>)

/**
 * Decides a request that has to meet several limits: a second's and a day's, a user's and a tenant's. Either all admit it
 * and it takes from all, or it takes from none. It is activity of each user in each limiter either way. The same user twice
 * in the same limiter: the costs add up, and the lower limit counts.
 *
 * @param requests 1 to 16
 * @throws {TypeError} for a wrong type, an option that does not exist, and a limiter that `loadLimiter` did not make
 * @throws {RangeError} for too many requests, and for a cost or a limit that is not in its range
 * @throws {Error} if a limiter is closed or its clock broken; then nothing has changed
 * @example
 * ```ts
 * const { allowed, denied, retryAfterMs } = checkTogether([
 *   { limiter: perSecond, userId: 'user123' },
 *   { limiter: perDay, userId: 'tenant7', cost: 5 },
 * ])
 * ```
 */
export function checkTogether(requests: readonly TogetherRequest[]): TogetherDecision {
  const parts: Part[] = []
  const partOf = readRequests(requests, parts)
  // All that may throw or run code of others comes before all that changes anything: first the clocks, which are theirs.
  readClocks(parts)
  for (const part of parts) {
    part.users = part.member.open(part.userId)
    part.slot = part.users.slotOf(part.userId)
  }
  // The last is asked for good at once if all others would admit.
  let allowed = true
  const last = parts.length - 1
  for (let index = 0; index < last; index++) if (!weigh(parts[index])) allowed = false
  if (!allowed) weigh(parts[last])
  if (allowed) takeAll(parts)
  else for (const part of parts) part.decision = report(part, 'peek')
  return describeAll(partOf)
}

/** Checks requests, and adds their parts. Gives the part of each. */
function readRequests(requests: readonly TogetherRequest[], parts: Part[]): Part[] {
  if (!Array.isArray(requests)) throw new TypeError(`requests must be an array, not ${describe(requests)}`)
  const { length } = requests
  if (length < 1 || length > MOST_REQUESTS) {
    throw new RangeError(`there must be 1 to ${MOST_REQUESTS} requests, not ${length}`)
  }
  const partOf: Part[] = []
  for (let index = 0; index < length; index++) {
    const request = requests[index] as TogetherRequest
    const name = NAMES[index] as string
    checkNames(name, request, REQUEST_NAMES)
    const { limiter, userId, cost, limit } = request
    const member = (limiter as LimiterMember | undefined)?.[MEMBER]
    if (member === undefined) {
      throw new TypeError(`${name}.limiter must be made by loadLimiter or createLimiter, not ${describe(limiter)}`)
    }
    if (typeof userId !== 'string') checkId(userId, `${name}.userId`)
    const { quota } = member.settings
    // Own properties count, not inherited ones.
    const ownCost = checkCost(quota, Object.hasOwn(request, 'cost') ? cost : undefined, PREFIXES[index])
    const ownLimit = checkLimit(quota, Object.hasOwn(request, 'limit') ? limit : undefined, PREFIXES[index])
    partOf.push(partFor(parts, member, userId, ownCost, ownLimit))
  }
  return partOf
}

/** The part of a user, to which what a request asks for is added. */
function partFor(parts: Part[], member: Member, userId: string, cost: number, limit: number): Part {
  let shared = false
  for (const part of parts) {
    if (part.member !== member) continue
    if (part.userId === userId) {
      // A cost that is never admitted need not be told from a higher one, and must not overflow.
      part.cost = Math.min(part.cost + cost, maxCost(member.settings.quota) + 1)
      part.limit = Math.min(part.limit, limit)
      return part
    }
    part.shared = true
    shared = true
  }
  const users = undefined as never
  const part: Part = { member, userId, cost, limit, shared, reading: 0, users, slot: 0, decision: undefined }
  parts.push(part)
  return part
}

/** Reads each clock once. */
function readClocks(parts: readonly Part[]): void {
  for (let index = 0; index < parts.length; index++) {
    const { member } = parts[index]
    let reading: number | undefined
    for (let other = 0; other < index; other++) {
      if (parts[other].member.settings.clock === member.settings.clock) reading = parts[other].reading
    }
    parts[index].reading = member.reading(reading)
  }
}

function slotOf(part: Part): number {
  return part.shared ? part.users.slotOf(part.userId) : part.slot
}

/** The activity of a part, and whether it would be admitted; takes nothing. */
function weigh(part: Part): boolean {
  const slot = slotOf(part)
  const verdict = part.users.core.abi.weigh(slot, part.reading, part.cost, part.limit)
  if (verdict > ADMITTED) part.member.attend(verdict)
  return (verdict & ADMITTED) !== 0
}

function report(part: Part, call: 'check' | 'peek'): Decision {
  return part.member.report(call, part.users, slotOf(part), part.reading, part.cost, part.limit)
}

/**
 * Takes from all parts, the last one first: it has not been weighed. If one of them denies, all that was taken is given back.
 * Others than the last may, too: two users of one limiter may need the same last memory.
 */
function takeAll(parts: readonly Part[]): void {
  for (let index = parts.length - 1; index >= 0; index--) {
    const decision = report(parts[index], 'check')
    parts[index].decision = decision
    if (decision.allowed) continue
    for (let taken = index + 1; taken < parts.length; taken++) giveBack(parts[taken])
    for (let other = 0; other < parts.length; other++) {
      if (other !== index) parts[other].decision = report(parts[other], 'peek')
    }
    return
  }
}

function giveBack(part: Part): void {
  const slot = slotOf(part)
  const { fromBurst } = part.decision as Decision
  part.users.core.abi.refund(slot, part.reading, part.cost - fromBurst, fromBurst)
}

function describeAll(partOf: readonly Part[]): TogetherDecision {
  const decisions: Decision[] = []
  const denied: number[] = []
  let retryAfterMs = 0
  for (let index = 0; index < partOf.length; index++) {
    const decision = partOf[index].decision as Decision
    decisions.push(decision)
    if (!decision.allowed) denied.push(index)
    if (decision.retryAfterMs > retryAfterMs) retryAfterMs = decision.retryAfterMs
  }
  return { allowed: denied.length === 0, decisions, denied, retryAfterMs }
}
