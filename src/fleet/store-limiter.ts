/** The limiter of one process of a fleet: decisions by the store, and decisions without asking it. */
import type { Decision, Quota, RequestOptions } from '../limiter/index.js'
import { checkNames, checkNumber, describe, maxCost, QUOTA_RANGES, systemClock } from '../limiter/index.js'
import { Breaker } from './breaker.js'
import { Deadlines } from './deadlines.js'
import type { FleetLimiter, FleetStats } from './fleet-limiter.js'
import type { FleetSettings } from './options.js'
import type { Answer, Question, SharedLimit, Verb } from './store.js'
import { NO_ACTIVITY, RefusedError } from './store.js'
import type { Unreported } from './unreported.js'
import { activityOf } from './unreported.js'
import { View } from './view.js'

const MOST_AFTERWARDS = QUOTA_RANGES.limit.to + QUOTA_RANGES.capacity.to
const REQUEST_NAMES = ['cost', 'limit']

function noStore(): Error {
  return new Error('The store of the fleet does not answer')
}

/** Methods are fields, so that they can be used detached from the limiter. */
export class StoreLimiter implements FleetLimiter {
  readonly quota: Quota
  readonly #settings: FleetSettings
  readonly #shared: SharedLimit
  readonly #view: View
  readonly #breaker: Breaker
  readonly #deadlines: Deadlines
  /** Reports wait until a process has so many. */
  readonly #lazily: number
  #begun: Promise<void> | undefined
  #hasBegun = false
  #isClosed = false
  readonly #counts = { allowed: 0, denied: 0, asked: 0, reports: 0, denialsKnown: 0, decidedAlone: 0, failures: 0 }

  constructor(settings: FleetSettings) {
    const { quota, name, timeoutMs, allowance, onStateChange } = settings
    this.quota = Object.freeze(quota)
    this.#settings = settings
    this.#shared = { name, quota }
    this.#view = new View(settings, (user) => this.#report(user))
    // Later, so that an error in it is its own and fails no decision.
    this.#breaker = new Breaker((state, error) => {
      if (onStateChange !== undefined) queueMicrotask(() => onStateChange(state, error))
    })
    this.#deadlines = new Deadlines(timeoutMs, systemClock)
    // One admission alone is not reported if more are allowed: most users ask once, and are not heard of again in the window.
    this.#lazily = Math.min(allowance, Math.max(2, Math.ceil(allowance / 2)))
  }

  async begin(): Promise<void> {
    await this.#inTime(() => this.#beginning()).catch((error) => {
      if (error instanceof RefusedError) throw error
    })
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
    if (request === 1 && typeof userId === 'string' && !this.#isClosed) this.#view.now = this.#settings.clock()
    else ({ cost, limit } = this.#read(userId, request))
    const { allowance, onUnavailable } = this.#settings
    if (cost > allowance) checkNumber('cost', cost, { from: 1, to: allowance, whole: true })
    const user = this.#view.open(userId)
    user.isSynchronous = true
    if (this.#breaker.isOpen) {
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
    if (!this.#breaker.permits(systemClock())) throw noStore()
    await this.#inTime(async () => {
      await this.#beginning()
      await this.#settings.store.reset(this.#shared, userId)
    })
    this.#view.forget(userId)
  }

  readonly stats = (): FleetStats => {
    const { users, maxUsers } = this.#view.limiter.stats()
    return { state: this.#breaker.state, ...this.#counts, users, maxUsers }
  }

  readonly close = (): void => {
    this.#isClosed = true
    this.#view.limiter.close()
  };

  [Symbol.dispose](): void {
    this.close()
  }

  /** Checks a request, and reads the clock. */
  #read(userId: string, request: number | RequestOptions): { cost: number; limit: number } {
    if (this.#isClosed) throw new Error('The limiter is closed')
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
    if (!this.#breaker.permits(systemClock())) return Promise.reject(noStore())
    const user = this.#view.find(userId)
    if (user === undefined || verb === 'peek') {
      const activity = user === undefined ? NO_ACTIVITY : activityOf(user, this.#view.now)
      return this.#put({ verb, userId, a, b, activity, usefulMs: this.#settings.timeoutMs })
    }
    return this.#putTelling(user, verb, a, b, user.isSynchronous)
  }

  /** Puts a question together with what the store does not know of a user, which it then knows, or is to be told again. */
  #putTelling(user: Unreported, verb: Verb, a: number, b: number, adopts: boolean): Promise<Answer> {
    const { userId } = user
    const { told, activity } = user.tell(this.#view.now)
    return this.#put(
      { verb, userId, a, b, activity, usefulMs: this.#settings.timeoutMs },
      (answer) => {
        user.settle(told)
        if (adopts) this.#adopt(userId, answer)
      },
      () => user.takeBack(told),
    )
  }

  /** Puts a question to the store. What comes of it is seen to though it may come too late for the one who asked. */
  #put(question: Question, settled?: (answer: Answer) => void, failed?: () => void): Promise<Answer> {
    this.#counts.asked++
    const { store } = this.#settings
    return this.#inTime(
      () =>
        this.#hasBegun
          ? store.ask(this.#shared, question)
          : this.#beginning().then(() => store.ask(this.#shared, question)),
      (answer) => {
        if (answer.verdict === 'stale') throw new Error('The store came to the question too late')
        if (!this.#isClosed) settled?.(answer)
      },
      failed,
    )
  }

  /**
   * Does something that has to be done in time, and tells the breaker what came of it. By callbacks: promises in between would cost
   * more than all of this.
   *
   * @param use uses the result, though it may be late; what it throws is a failure
   * @param failed is called if there is none
   */
  #inTime<Result>(act: () => Promise<Result>, use?: (result: Result) => void, failed?: () => void): Promise<Result> {
    return new Promise((resolve, reject) => {
      let isLate = false
      const askedAt = systemClock()
      const fail = (error: unknown) => {
        this.#counts.failures++
        const now = systemClock()
        // A store that refuses the limit itself is of no use.
        if (error instanceof RefusedError && this.#hasBegun) this.#breaker.succeeded(now)
        else this.#breaker.failed(now, error, askedAt)
        reject(error)
      }
      const wait = this.#deadlines.begin(() => {
        isLate = true
        // The next question begins anew: this beginning may never end, as where a connection is stalled.
        if (!this.#hasBegun) this.#begun = undefined
        fail(new Error(`The store of the fleet gave no answer within ${this.#settings.timeoutMs} ms`))
      })
      const refused = (error: unknown) => {
        this.#deadlines.end(wait)
        failed?.()
        if (!isLate) fail(error)
      }
      const answered = (result: Result) => {
        this.#deadlines.end(wait)
        if (!isLate) this.#breaker.succeeded(systemClock())
        try {
          use?.(result)
        } catch (error) {
          refused(error)
          return
        }
        resolve(result)
      }
      try {
        act().then(answered, refused)
      } catch (error) {
        refused(error)
      }
    })
  }

  /** Makes sure that the store knows of the limit. */
  #beginning(): Promise<void> {
    this.#begun ??= this.#settings.store.begin(this.#shared).then(
      (ageMs) => {
        this.#hasBegun = true
        this.#view.now = this.#settings.clock()
        this.#view.begin(ageMs)
      },
      (error) => {
        this.#begun = undefined
        throw error
      },
    )
    return this.#begun
  }

  async #command(verb: Verb, userId: string, a: number, b: number): Promise<Answer> {
    const answer = await this.#ask(verb, userId, a, b)
    this.#adopt(userId, answer)
    return answer
  }

  /** Tells the store what it does not know of a user. Nobody waits for it. */
  #report(user: Unreported): void {
    if (!this.#breaker.permits(systemClock())) return
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
