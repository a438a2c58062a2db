/** The options of all adapters: their types, and what each is when it is left out. */
import type { Decision, Quota, RequestOptions } from '../limiter/index.js'
import { checkNames, checkNumber, decidesTogether, describe } from '../limiter/index.js'
import type { Eventually } from './eventually.js'
import type { HeaderStyle } from './headers.js'
import { HEADER_STYLES } from './headers.js'
import type { Verdict } from './verdict.js'

/** A value, or a function that tells it of each request. */
export type OfRequest<Facts extends unknown[], Value> = Value | ((...facts: Facts) => Eventually<Value>)

/** What adapters need of a limiter: every `Limiter` of the package has it, and so may one that decides elsewhere. */
export interface RequestLimiter {
  readonly quota: Quota
  check(userId: string, request?: number | RequestOptions): Eventually<Decision>
  /** Needed for `countOnly`. */
  refund?(userId: string, cost?: number, fromBurst?: number): unknown
}

/** One limit. `Facts` are what the framework gives a handler: `[req, res]`, `[c]`, `[ctx]`. */
export interface LimitOptions<Facts extends unknown[]> {
  /**
   * What headers and bodies call it: 1 to 64 printable ASCII characters but `"` and `\`. Default `'default'`, or for one of
   * several limits `'limit-1'`, `'limit-2'`, ...
   */
  name?: string | undefined
  /** Decides. Of several limits, each must be made by `loadLimiter` or `createLimiter`. */
  limiter: RequestLimiter
  /**
   * Tells whom a request counts for: an account, a key of the API, `clientAddress(request, { trust })`. A missing or empty
   * key is an error (`onError`), since all such requests would share one quota.
   */
  key: (...facts: Facts) => Eventually<string | null | undefined>
  /** Places that a request takes. Whole, 1 to the limiter's `limit + burst.capacity`. Default 1. */
  cost?: OfRequest<Facts, number | undefined> | undefined
  /** The limit that a request is judged by: a plan's, say. Whole, 0 to the limiter's `limit`, which is the default. */
  limit?: OfRequest<Facts, number | undefined> | undefined
  /**
   * Tells what clients may know of the key, for the parameter `pk` of the headers of draft 11. Anybody who sees the answer
   * sees it. Default: nothing.
   */
  partitionKey?: ((key: string, ...facts: Facts) => string) | undefined
}

/** What becomes of a request that could not be decided. */
export type OnError = 'deny' | 'allow'

/** Options beside the limits. `Answer` is what the framework takes for an answer. */
export interface CommonOptions<Facts extends unknown[], Answer> {
  /** Requests for which it gives `true` are not limited, and get no headers. */
  skip?: ((...facts: Facts) => Eventually<boolean | undefined>) | undefined
  /** Decide, count and call `onDecision`, but let every request go on, and send no headers. Default false. */
  shadow?: boolean | undefined
  /** Default `'draft-11'`; `false` for none, `Retry-After` included. */
  headers?: HeaderStyle | false | undefined
  /**
   * Answers a denied request, in place of a problem with status 429. Headers and status are set already, where the framework
   * sets them. What it throws is warned of, and the problem is the answer after all.
   */
  onDenied?: ((verdict: Verdict, ...facts: Facts) => Answer) | undefined
  /** Is told of each decision. What it throws is warned of, and changes nothing. */
  onDecision?: ((verdict: Verdict, ...facts: Facts) => unknown) | undefined
  /**
   * What becomes of a request that could not be decided, as the key function threw or the limiter is closed: `'deny'`
   * answers 500 (the default), `'allow'` lets it go on unlimited. A function is told the error, and chooses.
   */
  onError?: OnError | ((error: unknown, ...facts: Facts) => OnError) | undefined
  /**
   * Counts only requests with an answer of status 400 or more (`'failed'`: logins), or of less (`'succeeded'`). A request
   * counts until it is answered, and for good when it never is. Default: all count.
   */
  countOnly?: 'failed' | 'succeeded' | undefined
  /** Milliseconds until a decision that waits for a promise is given up as an error. 1 to 2,147,483,647. Default 5000. */
  timeoutMs?: number | undefined
}

/** No option of one limit beside `limits`. */
type NoLimit = { [Name in keyof LimitOptions<[]>]?: undefined }

/** Options of an adapter: one limit, or several that are decided together. */
export type RateLimitOptions<Facts extends unknown[], Answer> = CommonOptions<Facts, Answer> &
  ((LimitOptions<Facts> & { limits?: undefined }) | (NoLimit & { limits: readonly LimitOptions<Facts>[] }))

/** A limit with every default filled in. */
export type Limit<Facts extends unknown[]> = LimitOptions<Facts> & { readonly name: string }

/** Options with every default filled in. */
export interface Plan<Facts extends unknown[]> {
  readonly limits: readonly Limit<Facts>[]
  readonly skip: CommonOptions<Facts, unknown>['skip']
  readonly shadow: boolean
  readonly headers: HeaderStyle | false
  readonly onDecision: CommonOptions<Facts, unknown>['onDecision']
  readonly onError: NonNullable<CommonOptions<Facts, unknown>['onError']>
  readonly countOnly: 'failed' | 'succeeded' | undefined
  readonly timeoutMs: number
}

const LIMIT_NAMES = Object.keys({
  name: true,
  limiter: true,
  key: true,
  cost: true,
  limit: true,
  partitionKey: true,
} satisfies Record<keyof LimitOptions<[]>, true>)

const COMMON_NAMES = Object.keys({
  skip: true,
  shadow: true,
  headers: true,
  onDenied: true,
  onDecision: true,
  onError: true,
  countOnly: true,
  timeoutMs: true,
} satisfies Record<keyof CommonOptions<[], unknown>, true>)

const PRINTABLE = /^[ !#-[\]-~]{1,64}$/

/** As many as `checkTogether` takes. */
const MOST_LIMITS = 16

/**
 * Checks options and fills in the defaults. Own properties count, not inherited ones.
 *
 * @throws {TypeError} for a value of a wrong type, an option that does not exist, and `limits` beside an option of one limit
 * @throws {RangeError} for a number, a word, a name or a number of limits that is not accepted
 */
export function resolvePlan<Facts extends unknown[]>(given: RateLimitOptions<Facts, unknown>): Plan<Facts> {
  checkNames('options', given, ['limits', ...LIMIT_NAMES, ...COMMON_NAMES])
  const options = { __proto__: null, ...given } as object as typeof given
  const { limits, skip, shadow = false, headers = 'draft-11', onDecision, onError = 'deny', countOnly } = options
  checkFunction('skip', skip)
  checkFunction('onDenied', options.onDenied)
  checkFunction('onDecision', onDecision)
  if (typeof shadow !== 'boolean') throw new TypeError(`shadow must be true or false, not ${describe(shadow)}`)
  checkWord('headers', headers, [...HEADER_STYLES, false])
  if (typeof onError !== 'function') checkWord('onError', onError, ['deny', 'allow'], ' or a function')
  if (countOnly !== undefined) checkWord('countOnly', countOnly, ['failed', 'succeeded'])
  const resolved = limits === undefined ? [resolveOne(options as LimitOptions<Facts>)] : resolveSeveral(limits, options)
  for (const { name, limiter } of resolved) {
    if (countOnly !== undefined && typeof limiter.refund !== 'function') {
      throw new TypeError(`countOnly needs limiters with refund; that of ${describe(name)} has none`)
    }
    if (resolved.length > 1 && !decidesTogether(limiter)) {
      throw new TypeError(
        `limiters of several limits must be made by loadLimiter or createLimiter; that of ${describe(name)} is not`,
      )
    }
  }
  const timeoutMs = checkNumber('timeoutMs', options.timeoutMs ?? 5000, { from: 1, to: 2 ** 31 - 1 })
  return { limits: resolved, skip, shadow, headers, onDecision, onError, countOnly, timeoutMs }
}

function resolveOne<Facts extends unknown[]>(options: LimitOptions<Facts>): Limit<Facts> {
  return resolveLimit(options, '', 'default')
}

function resolveSeveral<Facts extends unknown[]>(limits: unknown, options: object): Limit<Facts>[] {
  const beside = LIMIT_NAMES.find((name) => options[name as never] !== undefined)
  if (beside) throw new TypeError(`there is either limits or ${beside}, not both`)
  if (!Array.isArray(limits)) throw new TypeError(`limits must be an array, not ${describe(limits)}`)
  if (limits.length < 1 || limits.length > MOST_LIMITS) {
    throw new RangeError(`there must be 1 to ${MOST_LIMITS} limits, not ${limits.length}`)
  }
  const names = new Set<string>()
  return limits.map((given, index) => {
    checkNames(`limits[${index}]`, given, LIMIT_NAMES)
    const limit = resolveLimit<Facts>({ __proto__: null, ...given }, `limits[${index}].`, `limit-${index + 1}`)
    if (names.has(limit.name)) throw new RangeError(`two limits are named ${describe(limit.name)}`)
    names.add(limit.name)
    return limit
  })
}

function resolveLimit<Facts extends unknown[]>(
  { name = '', limiter, key, cost, limit, partitionKey }: LimitOptions<Facts>,
  prefix: string,
  defaultName: string,
): Limit<Facts> {
  if (typeof name !== 'string') throw new TypeError(`${prefix}name must be a string, not ${describe(name)}`)
  const known = name || defaultName
  if (!PRINTABLE.test(known)) {
    throw new RangeError(`${prefix}name must be 1 to 64 printable ASCII characters but " and \\, not ${describe(name)}`)
  }
  if (typeof limiter?.check !== 'function' || typeof limiter.quota !== 'object') {
    throw new TypeError(`${prefix}limiter must be a limiter, such as loadLimiter makes, not ${describe(limiter)}`)
  }
  checkFunction(`${prefix}key`, key, true)
  checkFunction(`${prefix}partitionKey`, partitionKey)
  for (const [what, value] of Object.entries({ cost, limit })) {
    if (!['undefined', 'number', 'function'].includes(typeof value)) {
      throw new TypeError(`${prefix}${what} must be a number or a function, not ${describe(value)}`)
    }
  }
  return { name: known, limiter, key, cost, limit, partitionKey }
}

function checkFunction(name: string, value: unknown, needed = false): void {
  if (typeof value === 'function' || (value === undefined && !needed)) return
  throw new TypeError(`${name} must be a function, not ${describe(value)}`)
}

function checkWord(name: string, value: unknown, accepted: readonly unknown[], orElse = ''): void {
  if (accepted.includes(value)) return
  const words = accepted.map((word) => (word === false ? 'false' : `'${word}'`)).join(', ')
  const message = `${name} must be ${words}${orElse}, not ${describe(value)}`
  throw typeof value === 'string' ? new RangeError(message) : new TypeError(message)
}
