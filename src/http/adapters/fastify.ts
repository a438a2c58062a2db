/** Limits for Fastify: `import ... from 'spillway/fastify'`. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Evaluate, Outcome } from '../evaluate.js'
import { answerOf, createEvaluator } from '../evaluate.js'
import type { Eventually } from '../eventually.js'
import { after, attempt, isPromise } from '../eventually.js'
import type { RateLimitOptions } from '../options.js'
import { PROBLEM_TYPE } from '../problem.js'

export type { HeaderStyle, LimitOptions, LimitVerdict, RequestLimiter, Verdict } from '../types.js'

/**
 * Options of the plugin: `onDenied` gives the payload, or answers by `reply` and gives `undefined`. Status and headers are
 * set.
 */
export type FastifyOptions = RateLimitOptions<[request: FastifyRequest, reply: FastifyReply], Eventually<unknown>>

/** Options of the plugin where only routes with `config.rateLimit` are limited. */
type NoOptions = { [Name in keyof FastifyOptions]?: undefined }

/** Options as Fastify gives them: with those of `register`, which it takes for itself. */
type Given = FastifyOptions & { prefix?: unknown; logLevel?: unknown; logSerializers?: unknown }

interface Limited {
  readonly evaluate: Evaluate<[FastifyRequest, FastifyReply]>
  readonly onDenied: FastifyOptions['onDenied']
}

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
export async function rateLimit(instance: FastifyInstance, given: FastifyOptions | NoOptions): Promise<void> {
  const { prefix: _prefix, logLevel: _level, logSerializers: _serializers, ...options } = given as Given
  const ofPlugin = Object.keys(options).length > 0 ? limitedBy(options as FastifyOptions) : undefined
  const ofRoutes = new WeakMap<object, Limited>()
  const registration = {}
  ;(instance as Instance)[NEAREST] = registration

  /** How a route is limited: made when it is added, so that wrong options are found then. */
  const limitedOf = (config: unknown): Limited | undefined => {
    const options = (config as { rateLimit?: FastifyOptions | false } | undefined)?.rateLimit
    if (options === undefined) return ofPlugin
    if (options === false) return undefined
    const limited = ofRoutes.get(options) ?? limitedBy(options)
    ofRoutes.set(options, limited)
    return limited
  }

  instance.addHook('onRoute', ({ config }) => void limitedOf(config))
  instance.addHook('onRequest', function (request, reply, goOn) {
    const limited = (this as Instance)[NEAREST] === registration && limitedOf(request.routeOptions.config)
    if (!limited) return goOn()
    const outcome = limited.evaluate(request, reply)
    if (isPromise(outcome)) outcome.then((told) => apply(told, limited, request, reply, goOn))
    else apply(outcome, limited, request, reply, goOn)
  })
}

// Hooks are for the context that the plugin is registered in, rather than one of its own.
Object.assign(rateLimit, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'spillway',
  [Symbol.for('plugin-meta')]: { name: 'spillway', fastify: '5.x' },
})

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

function limitedBy(options: FastifyOptions): Limited {
  return { evaluate: createEvaluator(options), onDenied: options.onDenied }
}

function apply(
  outcome: Outcome,
  { onDenied }: Limited,
  request: FastifyRequest,
  reply: FastifyReply,
  goOn: () => void,
): void {
  const { pass, headers, verdict, settle } = outcome
  // Someone else has answered already. A denied request still does not go on.
  if (!reply.raw.headersSent) for (const [name, value] of headers) reply.header(name, value)
  if (pass) {
    if (settle) reply.raw.once('finish', () => settle(reply.raw.statusCode))
    goOn()
    return
  }
  if (reply.sent) return
  const { status, body } = answerOf(outcome)
  reply.code(status)
  const sendProblem = () => {
    if (!reply.sent) reply.type(PROBLEM_TYPE).send(body)
  }
  const send = (payload: unknown) => {
    if (payload !== undefined && payload !== reply && !reply.sent) reply.send(payload)
  }
  if (!verdict || !onDenied) sendProblem()
  else attempt<unknown>('onDenied', () => after(onDenied(verdict, request, reply), send), sendProblem)
}
