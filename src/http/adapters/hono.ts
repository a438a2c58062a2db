/** Limits for Hono, on any platform: `import ... from 'spillway/hono'`. */
import type { Context, Env, MiddlewareHandler } from 'hono'
import { createEvaluator } from '../evaluate.js'
import type { Eventually } from '../eventually.js'
import { after, attempt, isPromise } from '../eventually.js'
import type { RateLimitOptions } from '../options.js'
import { answerWith, problemResponse, withHeaders } from '../web.js'

export type { HeaderStyle, LimitOptions, LimitVerdict, RequestLimiter, Verdict } from '../types.js'

/** Options of `rateLimit`: `onDenied` gives the answer, to which the headers are added. */
export type HonoOptions<E extends Env = Env> = RateLimitOptions<[c: Context<E>], Eventually<Response>>

/**
 * Makes a middleware that limits requests. Those that do not go on it answers itself.
 *
 * @throws {TypeError} {RangeError} for options that are not accepted
 * @example
 * ```ts
 * app.use(rateLimit({ limiter, key: (c) => clientAddress(c.req.raw, { peer: getConnInfo(c).remote.address }) }))
 * ```
 */
export function rateLimit<E extends Env = Env>(options: HonoOptions<E>): MiddlewareHandler<E> {
  const evaluate = createEvaluator(options)
  const { onDenied } = options
  return async (c, next) => {
    const evaluated = evaluate(c)
    const outcome = isPromise(evaluated) ? await evaluated : evaluated
    const { pass, headers, verdict, settle } = outcome
    if (pass) {
      await next()
      const { res } = c
      settle?.(res.status)
      const answer = withHeaders(res, headers)
      if (answer !== res) c.res = answer
      return
    }
    const problem = () => problemResponse(outcome)
    if (!verdict || !onDenied) return problem()
    return attempt('onDenied', () => after(onDenied(verdict, c), (response) => answerWith(response, headers)), problem)
  }
}
