/** Limits for Express 4 and 5, Connect, and plain `node:http` and `node:http2`: `import ... from 'spillway/express'`. */
import type { Request, Response } from 'express'
import { answerOf, createEvaluator } from '../evaluate.js'
import type { Eventually } from '../eventually.js'
import { after } from '../eventually.js'
import type { RateLimitOptions } from '../options.js'
import { PROBLEM_TYPE } from '../problem.js'
import { settleBy } from './node.js'

export type { HeaderStyle, LimitOptions, LimitVerdict, RequestLimiter, Verdict } from '../types.js'

/** What this needs of a response: that of `node:http`, of `node:http2`, and of frameworks on them. */
export interface NodeResponse {
  statusCode: number
  readonly headersSent: boolean
  readonly writableEnded: boolean
  setHeader(name: string, value: string): unknown
  end(body: string): unknown
  once(event: 'finish', listener: () => void): unknown
}

/** Options of `rateLimit`: `onDenied` answers by `res`, whose status and headers are set. */
export type ExpressOptions<Req = Request, Res extends NodeResponse = Response> = RateLimitOptions<
  [req: Req, res: Res],
  Eventually<unknown>
>

/** A middleware. Gives a promise where a function of the options, or the limiter, gave one. */
export type ExpressMiddleware<Req = Request, Res extends NodeResponse = Response> = (
  req: Req,
  res: Res,
  next: () => void,
) => void | Promise<void>

/**
 * Makes a middleware that limits requests. It calls `next` for those that go on, never with an error, and answers the others
 * itself.
 *
 * @throws {TypeError} {RangeError} for options that are not accepted
 * @example
 * ```ts
 * app.use(rateLimit({ limiter, key: (req) => clientAddress(req, { trust: ['loopback'] }) }))
 * ```
 * @example
 * ```ts
 * const limit = rateLimit<IncomingMessage, ServerResponse>({ limiter, key: (req) => clientAddress(req) })
 * createServer((req, res) => limit(req, res, () => res.end('Hello')))
 * ```
 */
export function rateLimit<Req = Request, Res extends NodeResponse = Response>(
  options: ExpressOptions<Req, Res>,
): ExpressMiddleware<Req, Res> {
  const evaluate = createEvaluator(options)
  return (req, res, next) =>
    after(evaluate(req, res), (outcome) => {
      // Someone else may have answered already. A denied request still does not go on.
      if (!res.headersSent) for (const [name, value] of outcome.headers) res.setHeader(name, value)
      if (outcome.pass) {
        settleBy(res, outcome)
        return next()
      }
      const { status, body } = answerOf(outcome)
      const problem = () => {
        if (res.headersSent) return
        res.statusCode = status
        res.setHeader('content-type', PROBLEM_TYPE)
        res.end(body)
      }
      if (res.headersSent) return
      res.statusCode = status
      outcome.refuse(problem, () => {})
    }) as void | Promise<void>
}
