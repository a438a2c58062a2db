/**
 * Decides requests: facts in, decision and headers out. Knows of no framework; adapters translate.
 *
 * What is synchronous stays so: with a limiter in this process and functions that give no promise, an outcome is there at
 * once, and no microtask runs in between.
 */
import type { Decision } from '../limiter/index.js'
import { checkTogether, describe } from '../limiter/index.js'
import type { Eventually } from './eventually.js'
import { after, attempt, inTime, isPromise, messageOf } from './eventually.js'
import type { Header } from './headers.js'
import { rateLimitHeaders } from './headers.js'
import type { Limit, Plan, RateLimitOptions, RequestLimiter } from './options.js'
import { resolvePlan } from './options.js'
import { quotaExceeded, UNDECIDED } from './problem.js'
import type { LimitVerdict, Verdict } from './verdict.js'
import { warnOnce } from './warnings.js'

/** What an adapter does about a request. */
export interface Outcome {
  /** Whether the request goes on. If not, it is answered: with status 429 if there is a verdict, else 500. */
  readonly pass: boolean
  /** For the answer, whoever gives it. */
  readonly headers: readonly Header[]
  /** Undefined if the request was skipped or could not be decided. */
  readonly verdict: Verdict | undefined
  /** To be called once with the status of the answer, when there is one. Undefined if it does not matter. */
  readonly settle: ((status: number) => void) | undefined
}

/** Decides a request. Neither throws nor rejects. */
export type Evaluate<Facts extends unknown[]> = (...facts: Facts) => Outcome | Promise<Outcome>

const UNLIMITED: Outcome = { pass: true, headers: [], verdict: undefined, settle: undefined }
const REFUSED: Outcome = { ...UNLIMITED, pass: false }

/** What the options' functions told of a request: of each limit the key, the cost and the limit. */
type Answers = readonly unknown[]

const ANSWERS_A_LIMIT = 3

/**
 * Prepares to decide requests.
 *
 * @throws {TypeError} {RangeError} for options that are not accepted
 * @example
 * ```ts
 * const evaluate = createEvaluator<[IncomingMessage]>({ limiter, key: (request) => clientAddress(request) })
 * const { pass, headers } = await evaluate(request)
 * ```
 */
export function createEvaluator<Facts extends unknown[]>(options: RateLimitOptions<Facts, unknown>): Evaluate<Facts> {
  const plan = resolvePlan(options)
  const { skip } = plan
  return (...facts) => {
    try {
      const outcome = skip
        ? after(skip(...facts), (skipped) => (skipped === true ? UNLIMITED : evaluate(plan, facts)))
        : evaluate(plan, facts)
      if (!isPromise(outcome)) return outcome
      return inTime(outcome, plan.timeoutMs).catch((error) => undecided(plan, facts, error))
    } catch (error) {
      return undecided(plan, facts, error)
    }
  }
}

/** The status and the body of an answer to a request that does not go on. */
export function answerOf({ verdict }: Outcome): { status: number; body: string } {
  const problem = verdict ? quotaExceeded(verdict) : UNDECIDED
  return { status: problem.status, body: JSON.stringify(problem) }
}

/** Closures are for what is not there yet: nearly always everything is. */
function evaluate<Facts extends unknown[]>(plan: Plan<Facts>, facts: Facts): Eventually<Outcome> {
  const answers = ask(plan.limits, facts)
  return isPromise(answers) ? answers.then((all) => decide(plan, facts, all)) : decide(plan, facts, answers)
}

function ask<Facts extends unknown[]>(limits: readonly Limit<Facts>[], facts: Facts): Eventually<Answers> {
  const answers: unknown[] = []
  try {
    for (const { key, cost, limit } of limits) {
      answers.push(key(...facts))
      answers.push(typeof cost === 'function' ? cost(...facts) : cost)
      answers.push(typeof limit === 'function' ? limit(...facts) : limit)
    }
  } catch (error) {
    // Nobody else would hear of the promises that there are already, should they reject.
    Promise.allSettled(answers)
    throw error
  }
  return answers.some(isPromise) ? Promise.all(answers) : answers
}

function decide<Facts extends unknown[]>(plan: Plan<Facts>, facts: Facts, answers: Answers): Eventually<Outcome> {
  const { limits } = plan
  const asked: Asked[] = []
  for (let index = 0; index < limits.length; index++) {
    const { name, limiter } = limits[index]
    const at = index * ANSWERS_A_LIMIT
    const userId = answers[at]
    const cost = answers[at + 1]
    if (typeof userId !== 'string' || userId === '') {
      // Requests without a key would all share one quota.
      throw new TypeError(`the key of "${name}" must be a string, and not empty, not ${describe(userId)}`)
    }
    asked.push({ limiter, userId, cost: cost === undefined ? 1 : cost, limit: answers[at + 2] } as Asked)
  }
  if (asked.length > 1) return conclude(plan, facts, asked, checkTogether(asked as never).decisions)
  const { limiter, userId, cost, limit } = asked[0]
  const decision = limiter.check(userId, limit === undefined ? cost : { cost, limit })
  return isPromise(decision)
    ? decision.then((told) => conclude(plan, facts, asked, [told]))
    : conclude(plan, facts, asked, [decision])
}

interface Asked {
  readonly limiter: RequestLimiter
  readonly userId: string
  readonly cost: number
  readonly limit: number | undefined
}

function conclude<Facts extends unknown[]>(
  { limits, shadow, headers, onDecision, countOnly }: Plan<Facts>,
  facts: Facts,
  asked: readonly Asked[],
  decisions: readonly Decision[],
): Outcome {
  const parts: LimitVerdict[] = []
  const denied: string[] = []
  let retryAfterMs = 0
  for (let index = 0; index < limits.length; index++) {
    const { name, limiter, partitionKey } = limits[index]
    const { userId: key, cost } = asked[index]
    const decision = decisions[index]
    const partition = partitionKey && base64(partitionKey(key, ...facts))
    parts.push({ name, key, cost, quota: limiter.quota, decision, partition })
    if (!decision.allowed) denied.push(name)
    retryAfterMs = Math.max(retryAfterMs, decision.retryAfterMs)
  }
  const allowed = denied.length === 0
  const verdict: Verdict = { allowed, shadow, limits: parts, denied, retryAfterMs }
  if (onDecision) attempt<unknown>('onDecision', () => onDecision(verdict, ...facts), nothing)
  return {
    pass: allowed || shadow,
    headers: shadow ? [] : rateLimitHeaders(verdict, headers),
    verdict,
    settle:
      countOnly && allowed
        ? (status) => {
            if (status >= 400 !== (countOnly === 'failed')) refund(asked, decisions)
          }
        : undefined,
  }
}

/** Gives back what an admitted request took. */
function refund(asked: readonly Asked[], decisions: readonly Decision[]): void {
  const paid = new Map<Decision, number>()
  asked.forEach(({ limiter, userId, cost }, index) => {
    const decision = decisions[index]
    // Limits of the same user and limiter have one decision, which tells the tokens of all.
    const before = paid.get(decision) ?? 0
    const fromBurst = Math.min(cost, decision.fromBurst - before)
    paid.set(decision, before + fromBurst)
    attempt<unknown>('refund', () => limiter.refund?.(userId, cost, fromBurst), nothing)
  })
}

/** Lets a request go on, or not, that could not be decided. */
function undecided<Facts extends unknown[]>({ onError, shadow }: Plan<Facts>, facts: Facts, error: unknown): Outcome {
  let word: unknown = onError
  if (typeof onError === 'function') {
    word = attempt<unknown>('onError', () => onError(error, ...facts), nothing)
  } else {
    warnOnce(
      'SPILLWAY_UNDECIDED',
      `a request could not be decided (onError: '${onError}'): ${messageOf(error)}. Give onError a function to hear of each.`,
    )
  }
  return shadow || word === 'allow' ? UNLIMITED : REFUSED
}

function nothing(): void {}

/** The base64 of a text in UTF-8. */
function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}
