/** Limits for Express 4 and 5, Connect, and plain `node:http` and `node:http2`: `import ... from 'spillway/express'`. */
import type { Request, Response } from 'express'
import type { Outcome } from '../evaluate.js'
import { answerOf, createEvaluator } from '../evaluate.js'
import type { Eventually } from '../eventually.js'
import { attempt, isPromise } from '../eventually.js'
import type { RateLimitOptions } from '../options.js'
import { PROBLEM_TYPE } from '../problem.js'

export type { HeaderStyle, LimitOptions, LimitVerdict, RequestLimiter, Verdict } from '../types.js'

/** What this needs of a response: that of `node:http`, of `node:http2`, and of frameworks on them. */
export interface NodeResponse {
  statusCode: number
  readonly headersSent: boolean
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
  const { onDenied } = options
  const apply = (outcome: Outcome, req: Req, res: Res, next: () => void): unknown => {
    const { pass, headers, verdict, settle } = outcome
    // Someone else has answered already. A denied request still does not go on.
    if (!res.headersSent) for (const [name, value] of headers) res.setHeader(name, value)
    if (pass) {
      if (settle) res.once('finish', () => settle(res.statusCode))
      return next()
    }
    if (res.headersSent) return undefined
    const { status } = answerOf(outcome)
    res.statusCode = status
    if (!verdict || !onDenied) return sendProblem(res, outcome)
    attempt<unknown>(
      'onDenied',
      () => onDenied(verdict, req, res),
      () => sendProblem(res, outcome),
    )
    return undefined
  }
  return (req, res, next) => {
    const outcome = evaluate(req, res)
    const result = isPromise(outcome)
      ? outcome.then((told) => apply(told, req, res, next))
      : apply(outcome, req, res, next)
    return result as void | Promise<void>
  }
}

function sendProblem(res: NodeResponse, outcome: Outcome): void {
  if (res.headersSent) return
  res.setHeader('Content-Type', PROBLEM_TYPE)
  res.end(answerOf(outcome).body)
}
