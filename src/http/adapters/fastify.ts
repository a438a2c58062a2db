/** Limits for Fastify: `import ... from 'spillway/fastify'`. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Evaluate, Outcome } from '../evaluate.js'
import { answerOf, createEvaluator } from '../evaluate.js'
import type { Eventually } from '../eventually.js'
import { after } from '../eventually.js'
import type { RateLimitOptions } from '../options.js'
import { PROBLEM_TYPE } from '../problem.js'
import { settleBy } from './node.js'

export type { HeaderStyle, LimitOptions, LimitVerdict, RequestLimiter, Verdict } from '../types.js'

/**
 * Options of the plugin: `onDenied` gives the payload, or answers by `reply` and gives `undefined`. Status and headers are
 * set.
 */
export type FastifyOptions = RateLimitOptions<[request: FastifyRequest, reply: FastifyReply], Eventually<unknown>>

/** Options of the plugin where only routes with `config.rateLimit` are limited. */
type NoOptions = { [Name in keyof FastifyOptions]?: undefined }

type FastifyEvaluate = Evaluate<[FastifyRequest, FastifyReply]>

/** The registration nearest to a route: instances inherit from the one that they are registered in. */
const NEAREST = Symbol('spillway.nearest')

interface Instance extends FastifyInstance {
  [NEAREST]?: object
}

/**
 * A plugin that limits the routes of the context that it is registered in, and of contexts within. There a registration of
 * its own takes the place of this one. A route's `config.rateLimit` takes the place of the plugin's options, and `false` there
 * means no limit. Decides before the body is read (`onRequest`).
 *
 * @throws {TypeError} {RangeError} for options that are not accepted
 * @example
 * ```ts
 * app.register(rateLimit, { limiter, key: (request) => clientAddress(request, { trust: ['loopback'] }) })
 * app.post('/login', { config: { rateLimit: routeLimit({ limiter: logins, key: (request) => request.ip }) } }, logIn)
 * app.get('/health', { config: { rateLimit: false } }, () => 'ok')
 * ```
 */
export async function rateLimit(instance: FastifyInstance, options: FastifyOptions | NoOptions): Promise<void> {
  const ofPlugin = Object.keys(options).length > 0 && options
  const known = new WeakMap<object, FastifyEvaluate>()

  /** How a route is limited: made when it is added, so that wrong options are found then. */
  const limitOf = (config: object = {}): FastifyEvaluate | undefined => {
    const { rateLimit: given = ofPlugin } = config as { rateLimit?: unknown }
    if (given === false) return undefined
    const evaluate = known.get(given as object) ?? createEvaluator(given as FastifyOptions)
    known.set(given as object, evaluate)
    return evaluate
  }

  limitOf()
  ;(instance as Instance)[NEAREST] = limitOf
  instance.addHook('onRoute', ({ config }) => void limitOf(config))
  instance.addHook('onRequest', function (request, reply, goOn) {
    const evaluate = (this as Instance)[NEAREST] === limitOf && limitOf(request.routeOptions.config)
    if (!evaluate) return goOn()
    after(evaluate(request, reply), (outcome) => apply(outcome, reply, goOn))
  })
}

// Hooks are for the context that the plugin is registered in, rather than one of its own.
Object.assign(rateLimit, { [Symbol.for('skip-override')]: true })

/**
 * Gives options as they are, typed: for a route's `config`, of which Fastify knows no type.
 *
 * @example
 * ```ts
 * app.get('/search', { config: { rateLimit: routeLimit({ limiter, key: (request) => request.ip }) } }, search)
 * ```
 */
export function routeLimit(options: FastifyOptions): FastifyOptions {
  return options
}

function apply(outcome: Outcome, reply: FastifyReply, goOn: () => void): void {
  for (const [name, value] of outcome.headers) reply.header(name, value)
  if (outcome.pass) {
    settleBy(reply.raw, outcome)
    goOn()
    return
  }
  const { status, body } = answerOf(outcome)
  const send = (payload: unknown) => {
    // Someone else may have answered already, by `reply.raw` even: that is not `sent` until it ends. A denied request still
    // does not go on.
    const isAnswered = reply.sent || reply.raw.headersSent
    if (payload !== undefined && payload !== reply && !isAnswered) reply.send(payload)
  }
  const problem = () => {
    reply.code(status).type(PROBLEM_TYPE)
    send(body)
  }
  reply.code(status)
  outcome.refuse(problem, send)
}
