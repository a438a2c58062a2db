/** The limiter of one process of a fleet: decisions by the store, and decisions without asking it. */
import type { Decision, Quota, RequestOptions } from '../limiter/index.js'
import { checkNames, checkNumber, describe, maxCost, QUOTA_RANGES } from '../limiter/index.js'
import type { FleetLimiter, FleetStats } from './fleet-limiter.js'
import type { FleetSettings } from './options.js'
import type { Answer, Verb } from './store.js'
import { NO_ACTIVITY } from './store.js'
import { noStore, StoreLink } from './store-link.js'
import type { Unreported } from './unreported.js'
import { activityOf } from './unreported.js'
import { View } from './view.js'

const MOST_AFTERWARDS = QUOTA_RANGES.limit.to + QUOTA_RANGES.capacity.to
const REQUEST_NAMES = ['cost', 'limit']

/** Methods are fields, so that they can be used detached from the limiter. */
export class StoreLimiter implements FleetLimiter {
  readonly quota: Quota
  readonly #settings: FleetSettings
  readonly #view: View
  readonly #link: StoreLink
  /** Reports wait until a process has so many. */
  readonly #lazily: number
  readonly #counts = { allowed: 0, denied: 0, reports: 0, denialsKnown: 0, decidedAlone: 0 }

  constructor(settings: FleetSettings) {
    const { quota, allowance } = settings
    this.quota = Object.freeze(quota)
    this.#settings = settings
    this.#view = new View(settings, (user) => this.#report(user))
    this.#link = new StoreLink(settings, (ageMs) => {
      this.#view.now = this.#settings.clock()
      this.#view.begin(ageMs)
    })
    // One admission alone is not reported if more are allowed: most users ask once, and are not heard of again in the window.
    this.#lazily = Math.min(allowance, Math.max(2, Math.ceil(allowance / 2)))
  }

  begin(): Promise<void> {
    return this.#link.begin()
  }

  readonly check = async (userId: string, request: number | RequestOptions = 1): Promise<Decision> => {
    const { cost, limit } = this.#read(userId, request)
    const known = this.#view.limiter.peek(userId, { cost, limit })
    const isInView = known.resetMs > 0
    let decision: Decision
    if (!known.allowed && (isInView || known.reason === 'blocked')) {
      this.#counts.denialsKnown++
      // It is activity: here, and, with the next question, in the store.
      decision = this.#view.limiter.check(userId, { cost, limit })
      if (known.reason !== 'blocked') this.#view.noteDenied(userId)
    } else {
      // What the view has of a user stays as new as the answers, so that a denial by it tells the right time.
      let answer: Answer | undefined
      try {
        answer = await this.#ask('decide', userId, cost, limit)
      } catch {
        // The breaker knows.
      }
      if (isInView && answer?.verdict === 'admitted') this.#adopt(userId, answer)
      decision = answer ? this.#decisionOf(answer, userId, cost, limit) : this.#decideAlone(userId, cost, limit)
    }
    this.#count(decision.allowed)
    return decision
  }

  readonly isAllowed = (userId: string, request: number | RequestOptions = 1): boolean => {
    let cost = 1
    let { limit } = this.quota
    // The commonest request by itself: to check it costs a part of what it costs to decide.
    if (request === 1 && typeof userId === 'string' && !this.#link.isClosed) this.#view.now = this.#settings.clock()
    else ({ cost, limit } = this.#read(userId, request))
    const { allowance, onUnavailable } = this.#settings
    if (cost > allowance) checkNumber('cost', cost, { from: 1, to: allowance, whole: true })
    const user = this.#view.open(userId)
    user.isSynchronous = true
    if (this.#link.isBroken) {
      // Tries the store now and then, since nothing else may: by what writes, which a store that is full or only reads refuses.
      this.#report(user)
      if (onUnavailable !== 'share') return this.#count(onUnavailable === 'allow')
    }
    const allowed = this.#view.admits(user, cost, limit)
    // Places that have left the window need no report.
    if (user.places.length >= this.#lazily) user.trim(this.#view.now - this.quota.windowMs)
    if (user.told.length === 0 && (user.spent > 0 || user.places.length >= this.#lazily)) this.#report(user)
    return this.#count(allowed)
  }

  readonly peek = async (userId: string, request: number | RequestOptions = 1): Promise<Decision> => {
    const { cost, limit } = this.#read(userId, request)
    const answer = await this.#ask('peek', userId, cost, limit)
    this.#view.now = this.#settings.clock()
    return answer.verdict === 'admitted'
      ? this.#admission(answer, limit)
      : denial(this.#view.peek(userId, answer, cost, limit))
  }

  readonly getBurstAllowance = async (userId: string): Promise<number> => {
    const { burstRemaining } = await this.peek(userId)
    return burstRemaining
  }

  readonly refund = async (userId: string, cost = 1, fromBurst = 0): Promise<void> => {
    this.#read(userId, 1)
    checkNumber('cost', cost, { from: 0, to: MOST_AFTERWARDS, whole: true })
    checkNumber('fromBurst', fromBurst, { from: 0, to: cost, whole: true })
    await this.#command('refund', userId, cost - fromBurst, fromBurst)
  }

  readonly charge = async (userId: string, cost: number): Promise<number> => {
    this.#read(userId, 1)
    checkNumber('cost', cost, { from: 0, to: MOST_AFTERWARDS, whole: true })
    const { places } = await this.#command('charge', userId, cost, 0)
    return places
  }

  readonly block = async (userId: string, ms: number): Promise<void> => {
    this.#read(userId, 1)
    checkNumber('ms', ms, { from: 1, to: 2 ** 42 })
    await this.#command('block', userId, ms, 0)
  }

  readonly unblock = async (userId: string): Promise<void> => {
    this.#read(userId, 1)
    await this.#command('unblock', userId, 0, 0)
  }

  readonly reset = async (userId: string): Promise<void> => {
    this.#read(userId, 1)
    await this.#link.reset(userId)
    this.#view.forget(userId)
  }

  readonly stats = (): FleetStats => {
    const { users, maxUsers } = this.#view.limiter.stats()
    const { state, asked, failures } = this.#link
    return { state, ...this.#counts, asked, failures, users, maxUsers }
  }

  readonly close = (): void => {
    this.#link.isClosed = true
    this.#view.limiter.close()
  };

  [Symbol.dispose](): void {
    this.close()
  }

  /** Checks a request, and reads the clock. */
  #read(userId: string, request: number | RequestOptions): { cost: number; limit: number } {
    if (this.#link.isClosed) throw new Error('The limiter is closed')
    if (typeof userId !== 'string') throw new TypeError(`userId must be a string, not ${describe(userId)}`)
    const { quota } = this
    let cost = 1
    let { limit } = quota
    if (request !== 1) {
      const given: RequestOptions =
        typeof request === 'object' ? ({ __proto__: null, ...request } as RequestOptions) : { cost: request }
      if (typeof request === 'object') checkNames('request', request, REQUEST_NAMES)
      if (given.cost !== undefined) cost = checkNumber('cost', given.cost, { from: 1, to: maxCost(quota), whole: true })
      if (given.limit !== undefined) limit = checkNumber('limit', given.limit, { from: 0, to: limit, whole: true })
    }
    this.#view.now = this.#settings.clock()
    return { cost, limit }
  }

  #count(allowed: boolean): boolean {
    if (allowed) this.#counts.allowed++
    else this.#counts.denied++
    return allowed
  }

  /** Puts a question that is about a user, together with what the store does not know of it. */
  #ask(verb: Verb, userId: string, a: number, b: number): Promise<Answer> {
    if (!this.#link.permits()) return Promise.reject(noStore())
    const user = this.#view.find(userId)
    if (user === undefined || verb === 'peek') {
      const activity = user === undefined ? NO_ACTIVITY : activityOf(user, this.#view.now)
      return this.#link.ask({ verb, userId, a, b, activity, usefulMs: this.#settings.timeoutMs })
    }
    return this.#putTelling(user, verb, a, b, user.isSynchronous)
  }

  /** Puts a question together with what the store does not know of a user, which it then knows, or is to be told again. */
  #putTelling(user: Unreported, verb: Verb, a: number, b: number, adopts: boolean): Promise<Answer> {
    const { userId } = user
    const { told, activity } = user.tell(this.#view.now)
    return this.#link.ask(
      { verb, userId, a, b, activity, usefulMs: this.#settings.timeoutMs },
      (answer) => {
        user.settle(told)
        if (adopts) this.#adopt(userId, answer)
      },
      () => user.takeBack(told),
    )
  }

  async #command(verb: Verb, userId: string, a: number, b: number): Promise<Answer> {
    const answer = await this.#ask(verb, userId, a, b)
    this.#adopt(userId, answer)
    return answer
  }

  /** Tells the store what it does not know of a user. Nobody waits for it. */
  #report(user: Unreported): void {
    if (!this.#link.permits()) return
    this.#counts.reports++
    this.#putTelling(user, 'report', 0, 0, true).catch(() => {})
  }

  #adopt(userId: string, answer: Answer): void {
    this.#view.now = this.#settings.clock()
    this.#view.adopt(userId, answer)
  }

  #decisionOf(answer: Answer, userId: string, cost: number, limit: number): Decision {
    if (answer.verdict === 'admitted') return this.#admission(answer, limit)
    this.#adopt(userId, answer)
    // The view has all that it takes to tell until when.
    return denial(this.#view.limiter.peek(userId, { cost, limit }))
  }

  #admission({ taken, tokens, resetMs, places }: Answer, limit: number): Decision {
    return {
      allowed: true,
      limit,
      remaining: Math.max(0, limit - taken),
      burstRemaining: Math.min(this.quota.capacity, Math.max(0, tokens) / 1000),
      fromBurst: places,
      retryAfterMs: 0,
      resetMs,
      reason: undefined,
    }
  }

  /** Decides for want of the store. */
  #decideAlone(userId: string, cost: number, limit: number): Decision {
    const { onUnavailable, allowance } = this.#settings
    this.#counts.decidedAlone++
    this.#view.now = this.#settings.clock()
    const user = this.#view.open(userId)
    if (onUnavailable === 'share' && cost <= allowance && this.#view.hasAllowance(user, cost)) {
      return this.#view.decide(user, cost, limit)
    }
    const standing = this.#view.limiter.peek(userId, { cost, limit })
    if (onUnavailable === 'allow')
      return { ...standing, allowed: true, fromBurst: 0, retryAfterMs: 0, reason: undefined }
    // Room is made by the window at the latest, or by the store when it answers again.
    const retryAfterMs = standing.allowed ? this.quota.windowMs : standing.retryAfterMs
    return { ...standing, allowed: false, fromBurst: 0, retryAfterMs, reason: standing.reason ?? 'limit' }
  }
}

/** A denial by the store, as the view tells it: which may have come to know of a place meanwhile. */
function denial(decision: Decision): Decision {
  if (!decision.allowed) return decision
  return { ...decision, allowed: false, fromBurst: 0, retryAfterMs: decision.resetMs, reason: 'limit' }
}
