/**
 * Decides requests: facts in, decision and headers out. Knows of no framework; adapters translate.
 *
 * What is synchronous stays so: with a limiter in this process and functions that give no promise, an outcome is there at
 * once, and no microtask runs in between.
 */
import type { Decision } from '../limiter/index.js'
import { checkTogether } from '../limiter/index.js'
import type { Eventually } from './eventually.js'
import { after, attempt, inTime, isPromise } from './eventually.js'
import type { Header } from './headers.js'
import { rateLimitHeaders } from './headers.js'
import type { Plan, RateLimitOptions, RequestLimiter } from './options.js'
import { fail, resolvePlan } from './options.js'
import { quotaExceeded, UNDECIDED } from './problem.js'
import type { LimitVerdict, Verdict } from './verdict.js'

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
  /**
   * Answers a request that does not go on, by `onDenied`; where there is none, it fails, or nothing was decided, by `problem`.
   *
   * @param take turns what `onDenied` gave into the answer
   */
  readonly refuse: <Answer>(problem: () => Answer, take: (given: unknown) => Answer) => Eventually<Answer>
}

/** Decides a request. Neither throws nor rejects. */
export type Evaluate<Facts extends unknown[]> = (...facts: Facts) => Outcome | Promise<Outcome>

const UNLIMITED: Outcome = {
  pass: true,
  headers: [],
  verdict: undefined,
  settle: undefined,
  refuse: (problem) => problem(),
}
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
  const { skip, onError, shadow, timeoutMs } = plan
  const answerTo = typeof onError === 'function' ? onError : undefined
  const evaluate = (...facts: Facts) =>
    attempt(
      answerTo ? '' : 'decision',
      () => {
        const outcome = after(skip?.(...facts), (skipped) => (skipped === true ? UNLIMITED : ask(plan, facts)))
        return isPromise(outcome) ? inTime(outcome, timeoutMs) : outcome
      },
      (error) => {
        const word = answerTo ? attempt<unknown>('onError', () => answerTo(error, ...facts)) : onError
        return shadow || word === 'allow' ? UNLIMITED : REFUSED
      },
    )
  return evaluate as Evaluate<Facts>
}

/** The status and the body of an answer to a request that does not go on. */
export function answerOf({ verdict }: Outcome): { status: number; body: string } {
  const problem = verdict ? quotaExceeded(verdict) : UNDECIDED
  return { status: problem.status, body: JSON.stringify(problem) }
}

function ask<Facts extends unknown[]>(plan: Plan<Facts>, facts: Facts): Eventually<Outcome> {
  const answers: unknown[] = []
  let waits = false
  try {
    for (const { key, cost, limit } of plan.limits) {
      for (const option of [key, cost, limit]) {
        const answer = typeof option === 'function' ? option(...facts) : option
        waits ||= isPromise(answer)
        answers.push(answer)
      }
    }
  } catch (error) {
    // Nobody else would hear of the promises that there are already, should they reject.
    Promise.allSettled(answers)
    throw error
  }
  return waits ? Promise.all(answers).then((told) => decide(plan, facts, told)) : decide(plan, facts, answers)
}

function decide<Facts extends unknown[]>(plan: Plan<Facts>, facts: Facts, answers: Answers): Eventually<Outcome> {
  const asked = plan.limits.map(({ name, limiter }, index): Asked => {
    const [userId, cost = 1, limit] = answers.slice(index * ANSWERS_A_LIMIT)
    // Requests without a key would all share one quota.
    if (typeof userId !== 'string' || !userId) fail(name, 'key', 'a string that is not empty', userId)
    return { limiter, userId, cost, limit } as Asked
  })
  if (asked.length > 1) return conclude(plan, facts, asked, checkTogether(asked as never).decisions)
  const { limiter, userId, cost, limit } = asked[0]
  const request = limit === undefined ? cost : { cost, limit }
  return after(limiter.check(userId, request), (decision) => conclude(plan, facts, asked, [decision]))
}

interface Asked {
  readonly limiter: RequestLimiter
  readonly userId: string
  readonly cost: number
  readonly limit: number | undefined
}

function conclude<Facts extends unknown[]>(
  plan: Plan<Facts>,
  facts: Facts,
  asked: readonly Asked[],
  decisions: readonly Decision[],
): Outcome {
  const { onDecision, onDenied, countOnly, shadow = false } = plan
  const denied: string[] = []
  let retryAfterMs = 0
  const limits = plan.limits.map(({ name, limiter: { quota }, partitionKey }, index): LimitVerdict => {
    const { userId: key, cost } = asked[index]
    const decision = decisions[index]
    if (!decision.allowed) denied.push(name)
    retryAfterMs = Math.max(retryAfterMs, decision.retryAfterMs)
    return { name, key, cost, quota, decision, partition: partitionKey && base64(partitionKey(key, ...facts)) }
  })
  const allowed = denied.length === 0
  const verdict = { allowed, shadow, limits, denied, retryAfterMs }
  if (onDecision) attempt<unknown>('onDecision', () => onDecision(verdict, ...facts))
  return {
    pass: allowed || shadow,
    headers: shadow ? [] : rateLimitHeaders(verdict, plan.headers),
    verdict,
    settle: countOnly && allowed ? settler(plan, limits) : undefined,
    refuse: onDenied
      ? (problem, take) => attempt('onDenied', () => after(onDenied(verdict, ...facts), take), problem)
      : UNLIMITED.refuse,
  }
}

/** Takes the status of an answer, once, and gives back what its request took if it is not to count. */
function settler<Facts extends unknown[]>({ countOnly, limits }: Plan<Facts>, parts: readonly LimitVerdict[]) {
  const from = performance.now()
  let settled = false
  return (status: number) => {
    if (settled) return
    settled = true
    if (status >= 400 === (countOnly === 'failed')) return
    const paid = new Map<Decision, number>()
    parts.forEach(({ key, cost, quota, decision }, index) => {
      // Limits of the same user and limiter have one decision, which tells the tokens of all.
      const before = paid.get(decision) ?? 0
      const fromBurst = Math.min(cost, decision.fromBurst - before)
      paid.set(decision, before + fromBurst)
      // After a window its places are free already: those given back then would be another's.
      const places = performance.now() - from < quota.windowMs ? cost : fromBurst
      attempt<unknown>('refund', () => limits[index].limiter.refund?.(key, places, fromBurst))
    })
  }
}

/** The base64 of a text in UTF-8. */
function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}
