/** A function that waits for its turn. */
import { checkNames } from '../limiter/index.js'
import type { QueueLimiter, QueueOptions, QueueRequest } from './options.js'
import { checkFunction, checkKey, checkRequest, fail, own, pick, QUEUE_NAMES, REQUEST_NAMES } from './options.js'
import { Queue } from './queue.js'

interface CommonThrottleOptions<Args extends unknown[]> extends QueueRequest {
  /** Whose turn a call takes: a user, an account, a host. A text, or a function of the call's arguments that gives one. */
  key: string | ((...args: Args) => string)
}

/** Options of `throttle`: a queue, or a limiter and the options of a queue for it. */
export type ThrottleOptions<Args extends unknown[]> = CommonThrottleOptions<Args> &
  (
    | ({ limiter: QueueLimiter; queue?: undefined } & QueueOptions)
    | ({ queue: Queue; limiter?: undefined } & { [Name in keyof QueueOptions]?: undefined })
  )

/** A function that waits for its turn. */
export interface Throttled<This, Args extends unknown[], Result> {
  (this: This, ...args: Args): Promise<Awaited<Result>>
  /** In which calls wait: for `size`, `clear`, `close`. */
  readonly queue: Queue
}

const NAMES = ['limiter', 'queue', 'key', ...REQUEST_NAMES, ...QUEUE_NAMES]

/**
 * Makes a function wait for its turn: the same arguments, the same `this`, and a promise of its result.
 *
 * @throws {TypeError} for an unknown option, one of a wrong type, and for none of, or both, `limiter` and `queue`
 * @throws {RangeError} for a number out of range
 * @example
 * ```ts
 * const search = throttle(callApi, { limiter, key: 'api', concurrency: 5 })
 * const results = await Promise.all(words.map((word) => search(word)))
 * ```
 */
export function throttle<This, Args extends unknown[], Result>(
  fn: (this: This, ...args: Args) => Result,
  options: ThrottleOptions<Args>,
): Throttled<This, Args, Result> {
  checkFunction('fn', fn)
  checkNames('options', options, NAMES)
  const {
    limiter,
    queue: given,
    key,
    ...rest
  } = own(options) as unknown as CommonThrottleOptions<Args> & {
    limiter?: QueueLimiter
    queue?: Queue
  }
  if ((limiter === undefined) === (given === undefined)) {
    throw new TypeError('options must have either a limiter or a queue')
  }
  checkKey(key)
  if (given !== undefined && !(given instanceof Queue)) fail('queue', given, 'a Queue')
  const queueOptions = pick(rest, QUEUE_NAMES)
  if (given !== undefined) checkNames('options with a queue', queueOptions, [])
  const queue = given ?? new Queue(limiter!, queueOptions)
  const request: QueueRequest = pick(rest, REQUEST_NAMES)
  if (limiter !== undefined) checkRequest(limiter.quota, '', request)
  const throttled = async function (this: This, ...args: Args): Promise<Awaited<Result>> {
    const userId = typeof key === 'string' ? key : key.apply(this, args)
    return queue.run(userId, () => fn.apply(this, args), request) as Promise<Awaited<Result>>
  }
  return Object.assign(throttled, { queue })
}
