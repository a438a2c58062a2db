/** Limits for Hono, on any platform: `import ... from 'spillway/hono'`. */
import type { Context, Env, MiddlewareHandler } from 'hono'
import { createEvaluator } from '../evaluate.js'
import type { Eventually } from '../eventually.js'
import type { RateLimitOptions } from '../options.js'
import { finish, refusal } from '../web.js'

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
  return async (c, next) => {
    const outcome = await evaluate(c)
    if (!outcome.pass) return refusal(c, outcome)
    await next()
    const answer = finish(c, c.res, outcome)
    if (answer !== c.res) c.res = answer
    return
  }
}
