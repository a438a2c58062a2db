/** The options of all adapters: their types, and what each is when it is left out. */
import type { Decision, Quota, RequestOptions } from '../limiter/index.js'
import { checkNames, checkNumber, decidesTogether, describe } from '../limiter/index.js'
import type { Eventually } from './eventually.js'
import type { HeaderStyle } from './headers.js'
import { burstName, HEADER_STYLES } from './headers.js'
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
export interface Plan<Facts extends unknown[]> extends CommonOptions<Facts, unknown> {
  readonly limits: readonly Limit<Facts>[]
  readonly headers: HeaderStyle | false
  readonly onError: NonNullable<CommonOptions<Facts, unknown>['onError']>
  readonly timeoutMs: number
}

const FUNCTION = 'a function'
const OF_REQUEST = 'a number or a function'

/** What each option may be: types, and values as messages write them, between `OR`. All may be left out but a key. */
const LIMIT_OPTIONS: { readonly [Name in keyof LimitOptions<[]>]-?: string } = {
  name: '1 to 64 printable ASCII characters but " and \\',
  limiter: 'a limiter, such as loadLimiter makes',
  key: FUNCTION,
  cost: OF_REQUEST,
  limit: OF_REQUEST,
  partitionKey: FUNCTION,
}

const COMMON_OPTIONS: { readonly [Name in keyof CommonOptions<[], unknown> | 'limits']-?: string } = {
  skip: FUNCTION,
  shadow: 'true or false',
  headers: `"${HEADER_STYLES.join('" or "')}" or false`,
  onDenied: FUNCTION,
  onDecision: FUNCTION,
  onError: '"deny" or "allow" or a function',
  countOnly: '"failed" or "succeeded"',
  timeoutMs: 'a number',
  limits: 'an array',
}

const OR = ' or '
const LIMIT_NAMES = Object.keys(LIMIT_OPTIONS)
const COMMON_NAMES = Object.keys(COMMON_OPTIONS)

/**
 * Checks options and fills in the defaults. Own properties count, not inherited ones.
 *
 * @throws {TypeError} for a value of a wrong type, an option that does not exist, and `limits` beside an option of one limit
 * @throws {RangeError} for a number, a word, a name or a number of limits that is not accepted
 */
export function resolvePlan<Facts extends unknown[]>(given: RateLimitOptions<Facts, unknown>): Plan<Facts> {
  const options = ownOf(given)
  const { limits, headers = 'draft-11', onError = 'deny', timeoutMs = 5000 } = options
  if (limits) checkNames('options beside limits', given, COMMON_NAMES)
  else checkNames('options', given, [...LIMIT_NAMES, ...COMMON_NAMES])
  checkAll('', options, COMMON_OPTIONS)
  checkNumber('timeoutMs', timeoutMs, { from: 1, to: 2 ** 31 - 1 })
  return { ...options, headers, onError, timeoutMs, limits: limitsOf<Facts>(options) }
}

/** The one limit of the options, or the several. */
function limitsOf<Facts extends unknown[]>(options: RateLimitOptions<Facts, unknown>): Limit<Facts>[] {
  const { limits, countOnly } = options
  const all = limits ?? [options as LimitOptions<Facts>]
  // As many as checkTogether takes.
  checkNumber('limits.length', all.length, { from: 1, to: 16, whole: true })
  const policies = new Set<string>()
  return all.map((given, index) => {
    const place = limits ? `limits[${index}]` : ''
    if (place) checkNames(place, given, LIMIT_NAMES)
    const limit = ownOf(given)
    const { name = place ? `limit-${index + 1}` : 'default', limiter } = limit
    checkAll(place && `${place}.`, { ...limit, name }, LIMIT_OPTIONS)
    for (const policy of [name, burstName(name, limiter.quota)]) {
      if (policies.has(policy)) throw new RangeError(`${place}.name: there are two "${policy}"`)
      if (policy) policies.add(policy)
    }
    if (countOnly && !limiter.refund) throw new TypeError(`countOnly: the limiter of "${name}" has no refund`)
    if (all.length > 1 && !decidesTogether(limiter)) {
      throw new TypeError(`limits: the limiter of "${name}" must be made by loadLimiter or createLimiter`)
    }
    return { ...limit, name }
  })
}

function ownOf<Options>(given: Options): Options {
  return { __proto__: null, ...given }
}

function checkAll(prefix: string, options: object, accepted: { readonly [name: string]: string }): void {
  for (const [name, words] of Object.entries(accepted)) {
    const value: unknown = options[name as never]
    if (isAccepted(name, value, words)) continue
    const message = `${prefix}${name} must be ${words}, not ${describe(value)}`
    // Where strings are accepted, another string is out of range.
    throw typeof value === 'string' && words.includes('"') ? new RangeError(message) : new TypeError(message)
  }
}

function isAccepted(name: string, value: unknown, words: string): boolean {
  if (name === 'name') return typeof value === 'string' && /^[ !#-[\]-~]{1,64}$/.test(value)
  if (name === 'limiter') {
    const limiter = value as RequestLimiter | undefined
    return typeof limiter?.check === 'function' && typeof limiter.quota === 'object'
  }
  if (value === undefined) return name !== 'key'
  return words.split(OR).some((word) => word === describe(value) || word === `a ${typeof value}`)
}
