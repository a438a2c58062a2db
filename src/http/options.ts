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

/** What an option may be, in words; how it is tested; and the type whose wrong values are out of range. */
type Check = readonly [accepted: string, test: (value: never) => boolean, type?: string]

const isFunction = (value: unknown) => typeof value === 'function'
const OPTIONAL_FUNCTION: Check = ['a function', (value) => value === undefined || isFunction(value)]
const OF_REQUEST: Check = ['a number or a function', (value) => /^(undefined|number|function)$/.test(typeof value)]

function oneOf(words: readonly unknown[], orElse = ''): Check {
  const accepted = words.map((word) => (word ? `'${word}'` : word)).join(', ')
  return [accepted + orElse, (value) => value === undefined || words.includes(value), 'string']
}

const LIMIT_CHECKS: { readonly [Name in keyof LimitOptions<[]>]-?: Check } = {
  name: [
    '1 to 64 printable ASCII characters but " and \\',
    (value) => value === undefined || (typeof value === 'string' && /^[ !#-[\]-~]{1,64}$/.test(value)),
    'string',
  ],
  limiter: [
    'a limiter, such as loadLimiter makes',
    (value: RequestLimiter | undefined) => isFunction(value?.check) && typeof value?.quota === 'object',
  ],
  key: ['a function', isFunction],
  cost: OF_REQUEST,
  limit: OF_REQUEST,
  partitionKey: OPTIONAL_FUNCTION,
}

const [ON_ERROR, isOnError, ...types] = oneOf(['deny', 'allow'], ' or a function')

const COMMON_CHECKS: { readonly [Name in keyof CommonOptions<[], unknown>]-?: Check } = {
  skip: OPTIONAL_FUNCTION,
  shadow: ['true or false', (value) => value === undefined || typeof value === 'boolean'],
  headers: oneOf([...HEADER_STYLES, false]),
  onDenied: OPTIONAL_FUNCTION,
  onDecision: OPTIONAL_FUNCTION,
  onError: [ON_ERROR, (value) => isFunction(value) || isOnError(value), ...types],
  countOnly: oneOf(['failed', 'succeeded']),
  timeoutMs: ['a number', () => true],
}

const LIMIT_NAMES = Object.keys(LIMIT_CHECKS)
const COMMON_NAMES = [...Object.keys(COMMON_CHECKS), 'limits']

/** As many as `checkTogether` takes. */
const LIMITS_RANGE = { from: 1, to: 16, whole: true }

/**
 * Checks options and fills in the defaults. Own properties count, not inherited ones.
 *
 * @throws {TypeError} for a value of a wrong type, an option that does not exist, and `limits` beside an option of one limit
 * @throws {RangeError} for a number, a word, a name or a number of limits that is not accepted
 */
export function resolvePlan<Facts extends unknown[]>(given: RateLimitOptions<Facts, unknown>): Plan<Facts> {
  const options = { __proto__: null, ...given } as object as typeof given
  const { limits, skip, shadow = false, headers = 'draft-11' } = options
  const { onDecision, onError = 'deny', countOnly, timeoutMs = 5000 } = options
  if (limits) checkNames('options beside limits', given, COMMON_NAMES)
  else checkNames('options', given, [...LIMIT_NAMES, ...COMMON_NAMES])
  checkAll('', options, COMMON_CHECKS)
  checkNumber('timeoutMs', timeoutMs, { from: 1, to: 2 ** 31 - 1 })
  const resolved = limits ? severalOf<Facts>(limits) : [limitOf<Facts>(options, '', 'default')]
  for (const { name, limiter } of resolved) {
    if (countOnly && !isFunction(limiter.refund))
      throw new TypeError(`countOnly: the limiter of "${name}" has no refund`)
    if (resolved.length > 1 && !decidesTogether(limiter)) {
      throw new TypeError(`limits: the limiter of "${name}" must be made by loadLimiter or createLimiter`)
    }
  }
  return { limits: resolved, skip, shadow, headers, onDecision, onError, countOnly, timeoutMs }
}

function severalOf<Facts extends unknown[]>(limits: readonly LimitOptions<Facts>[]): Limit<Facts>[] {
  if (!Array.isArray(limits)) throw new TypeError(`limits must be an array, not ${describe(limits)}`)
  checkNumber('limits.length', limits.length, LIMITS_RANGE)
  const names = new Set<string>()
  return limits.map((given, index) => {
    const prefix = `limits[${index}]`
    checkNames(prefix, given, LIMIT_NAMES)
    const limit = limitOf<Facts>(given, `${prefix}.`, `limit-${index + 1}`)
    if (names.has(limit.name)) throw new RangeError(`${prefix}.name: there are two "${limit.name}"`)
    names.add(limit.name)
    return limit
  })
}

function limitOf<Facts extends unknown[]>(given: object, prefix: string, defaultName: string): Limit<Facts> {
  const limit = { __proto__: null, ...given } as object as LimitOptions<Facts>
  checkAll(prefix, limit, LIMIT_CHECKS)
  return { ...limit, name: limit.name ?? defaultName }
}

function checkAll(prefix: string, options: object, checks: { readonly [name: string]: Check }): void {
  for (const [name, [accepted, test, type]] of Object.entries(checks)) {
    const value = options[name as never]
    if (test(value)) continue
    const message = `${prefix}${name} must be ${accepted}, not ${describe(value)}`
    throw typeof value === type ? new RangeError(message) : new TypeError(message)
  }
}
