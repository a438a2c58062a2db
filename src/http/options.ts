/** The options of all adapters: their types, and what each is when it is left out. */
import type { Decision, Quota, RequestOptions } from '../limiter/index.js'
import { checkNames, checkNumber, decidesTogether, describe } from '../limiter/index.js'
import type { Eventually } from './eventually.js'
import type { HeaderStyle } from './headers.js'
import { burstName } from './headers.js'
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

/** A limit that was checked, and has a name. */
export type Limit<Facts extends unknown[]> = LimitOptions<Facts> & { readonly name: string }

/** Options that were checked, as limits. */
export interface Plan<Facts extends unknown[]> extends CommonOptions<Facts, unknown> {
  readonly limits: readonly Limit<Facts>[]
  readonly timeoutMs: number
}

const FUNCTION = 'a function'
const OF_REQUEST = 'a number or a function'

type Option = keyof LimitOptions<[]> | keyof CommonOptions<[], unknown> | 'limits'

/** What each option may be: types, and values as messages write them, between `OR`. Those of a limit come first. */
const OPTIONS: { readonly [Name in Option]: string } = {
  name: '1 to 64 printable ASCII characters but " and \\',
  limiter: 'a limiter',
  key: FUNCTION,
  cost: OF_REQUEST,
  limit: OF_REQUEST,
  partitionKey: FUNCTION,
  skip: FUNCTION,
  shadow: 'true or false',
  headers: '"draft-11" or "draft-7" or "draft-6" or "legacy" or false',
  onDenied: FUNCTION,
  onDecision: FUNCTION,
  onError: '"deny" or "allow" or a function',
  countOnly: '"failed" or "succeeded"',
  timeoutMs: 'a number',
  limits: 'an array',
}

const OR = ' or '
const NAMES = Object.keys(OPTIONS)
const OF_LIMIT = NAMES.indexOf('skip')

/**
 * Checks options, and names the limits. Own properties count, not inherited ones.
 *
 * @throws {TypeError} for a value of a wrong type, an option that does not exist, and `limits` beside an option of one limit
 * @throws {RangeError} for a number, a word, a name or a number of limits that is not accepted
 */
export function resolvePlan<Facts extends unknown[]>(given: RateLimitOptions<Facts, unknown>): Plan<Facts> {
  const options = ownOf(given)
  const { limits, countOnly, timeoutMs = 5000 } = options
  checkNames(limits ? 'options beside limits' : 'options', given, NAMES.slice(limits ? OF_LIMIT : 0))
  checkAll('', options)
  checkNumber('timeoutMs', timeoutMs, { from: 1, to: 2 ** 31 - 1 })
  const all = limits ?? [options as LimitOptions<Facts>]
  // As many as checkTogether takes.
  checkNumber('limits.length', all.length, { from: 1, to: 16, whole: true })
  const policies = new Set<string>()
  const resolved = all.map((given, index) => {
    const place = limits ? `limits[${index}]` : ''
    if (limits) checkNames(place, given, NAMES.slice(0, OF_LIMIT))
    const limit = ownOf(given)
    checkAll(place, limit, ['limiter', 'key'])
    const { name = limits ? `limit-${index + 1}` : 'default', limiter } = limit
    if (all.length > 1 && !decidesTogether(limiter))
      fail(place, 'limiter', 'made by loadLimiter or createLimiter', limiter)
    if (countOnly && !limiter.refund) fail(place, 'limiter', 'one with refund', limiter)
    for (const policy of [name, burstName(name, limiter.quota)]) {
      if (policies.has(policy)) throw new RangeError(`${place}.name: there are two "${policy}"`)
      if (policy) policies.add(policy)
    }
    return { ...limit, name }
  })
  return { ...options, timeoutMs, limits: resolved }
}

function ownOf<Options>(given: Options): Options {
  return { __proto__: null, ...given }
}

/** Checks all options that are there, and that some are. */
function checkAll(place: string, options: object, needed: readonly string[] = []): void {
  for (const [name, accepted] of Object.entries(OPTIONS)) {
    const value: unknown = options[name as never]
    if (value === undefined ? needed.includes(name) : !isAccepted(name, value, accepted)) {
      fail(place, name, accepted, value)
    }
  }
}

function isAccepted(name: string, value: unknown, accepted: string): boolean {
  if (name === 'name') return typeof value === 'string' && /^[ !#-[\]-~]{1,64}$/.test(value)
  if (name === 'limiter') {
    const { check, quota } = value as { [Name in keyof RequestLimiter]?: unknown }
    return typeof check === 'function' && !!quota
  }
  return accepted.split(OR).some((word) => word === describe(value) || word === `a ${typeof value}`)
}

/** @param place what has the value, of several limits */
export function fail(place: string, name: string, accepted: string, value: unknown): never {
  const message = `${place && `${place}.`}${name} must be ${accepted}, not ${describe(value)}`
  // Where strings are accepted, another string is out of range.
  throw typeof value === 'string' && accepted.includes('"') ? new RangeError(message) : new TypeError(message)
}
