/** Limits for Koa: `import ... from 'spillway/koa'`. */
import type { Context, Next } from 'koa'
import { answerOf, createEvaluator } from '../evaluate.js'
import type { Eventually } from '../eventually.js'
import type { RateLimitOptions } from '../options.js'
import { PROBLEM_TYPE } from '../problem.js'
import { settleBy } from './node.js'

export type { HeaderStyle, LimitOptions, LimitVerdict, RequestLimiter, Verdict } from '../types.js'

/** Options of `rateLimit`: `onDenied` answers by `ctx`, whose status and headers are set. */
export type KoaOptions<Ctx extends Context = Context> = RateLimitOptions<[ctx: Ctx], Eventually<unknown>>

/**
 * Makes a middleware that limits requests. Those that do not go on it answers itself.
 *
 * @throws {TypeError} {RangeError} for options that are not accepted
 * @example
 * ```ts
 * app.use(rateLimit({ limiter, key: (ctx) => clientAddress(ctx, { trust: ['loopback'] }) }))
 * ```
 */
export function rateLimit<Ctx extends Context = Context>(
  options: KoaOptions<Ctx>,
): (ctx: Ctx, next: Next) => Promise<void> {
  const evaluate = createEvaluator(options)
  return async (ctx, next) => {
    const outcome = await evaluate(ctx)
    // Someone else may have answered already. A denied request still does not go on.
    if (!ctx.headerSent) for (const [name, value] of outcome.headers) ctx.set(name, value)
    if (outcome.pass) {
      settleBy(ctx.res, outcome)
      await next()
      return
    }
    if (ctx.headerSent) return
    const { status, body } = answerOf(outcome)
    const problem = () => {
      ctx.status = status
      ctx.type = PROBLEM_TYPE
      ctx.body = body
    }
    ctx.status = status
    await outcome.refuse(problem, () => {})
  }
}
