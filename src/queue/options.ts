/** What queues and requests may be told: types, checks and defaults. */
import type { Limiter, Quota, Range, RequestOptions } from '../limiter/index.js'
import { checkNames, checkNumber, describe, maxCost } from '../limiter/index.js'
import { HIGHEST } from './waiters.js'

/** What a queue needs of a limiter: the verbs of a `Limiter` that decides synchronously. */
export type QueueLimiter = Pick<Limiter, 'quota' | 'check' | 'peek' | 'refund' | 'charge'>

/** How many jobs of `run` and `throttle` run at once. Whole, 1 or more; `Infinity` is the default. */
export interface Concurrency {
  /** In all. */
  total?: number | undefined
  /** Of one user. */
  perUser?: number | undefined
}

/** Where a queue stands. */
export interface QueueState {
  /** Who wait now. */
  waiting: number
  /** Jobs that run now. */
  running: number
  /** Who were admitted, ever. */
  started: number
}

/** Options of a queue. */
export interface QueueOptions {
  /** Most who wait, of all users. Whole, 0 or more; with 0 nobody waits. Default 10,000. */
  maxWaiting?: number | undefined
  /** Most who wait of one user. Whole, 0 or more. Default `maxWaiting`. */
  maxWaitingPerUser?: number | undefined
  /**
   * What happens beyond: `'reject'` refuses the one who comes (`ERR_QUEUE_FULL`), which is the default; `'drop'` drops who has
   * waited longest (`ERR_QUEUE_DROPPED`), of all, or of that user where it is the bound of one user.
   */
  whenFull?: 'reject' | 'drop' | undefined
  /** How many jobs of `run` and `throttle` run at once; a number is that of all users. Default: no bound. */
  concurrency?: number | Concurrency | undefined
  /** Is told where the queue stands after it has changed: once for all changes of one turn of the event loop's microtasks. */
  onChange?: ((state: QueueState) => void) | undefined
}

/** What one asks of a queue. */
export interface QueueRequest extends RequestOptions {
  /** Ends the wait when it is aborted: the promise rejects with its reason. */
  signal?: AbortSignal | undefined
  /** Milliseconds to wait at most, 0 or more. What cannot be met in time is rejected at once. Default: no bound. */
  timeoutMs?: number | undefined
  /** Whole, 0 to 3. A user's higher ones go first; the default 0 is the lowest, and goes after it was passed over 8 times. */
  priority?: number | undefined
}

/** Options that were checked. */
export interface QueueSettings {
  maxWaiting: number
  maxWaitingPerUser: number
  drops: boolean
  total: number
  perUser: number
  onChange: ((state: QueueState) => void) | undefined
}

/** A request that was checked. */
export interface Settled {
  /** For the limiter: the cost alone where the limit is the limiter's own. */
  request: number | Required<RequestOptions>
  signal: AbortSignal | undefined
  timeoutMs: number
  priority: number
}

export const QUEUE_NAMES = Object.keys({
  maxWaiting: true,
  maxWaitingPerUser: true,
  whenFull: true,
  concurrency: true,
  onChange: true,
} satisfies Record<keyof QueueOptions, true>)

export const REQUEST_NAMES = Object.keys({
  cost: true,
  limit: true,
  signal: true,
  timeoutMs: true,
  priority: true,
} satisfies Record<keyof QueueRequest, true>)

const WAITING: Range = { from: 0, to: Infinity, whole: true }
const RUNNING: Range = { from: 1, to: Infinity, whole: true }
const TIMEOUT: Range = { from: 0, to: Infinity }
const PRIORITY: Range = { from: 0, to: HIGHEST, whole: true }

const DEFAULT_REQUEST: Settled = { request: 1, signal: undefined, timeoutMs: Infinity, priority: 0 }

export function checkQueueOptions(given: QueueOptions): QueueSettings {
  checkNames('options', given, QUEUE_NAMES)
  const {
    maxWaiting = 10_000,
    maxWaitingPerUser = maxWaiting,
    whenFull = 'reject',
    concurrency = {},
    onChange,
  } = own(given)
  if (whenFull !== 'reject' && whenFull !== 'drop') fail('whenFull', whenFull, '"reject" or "drop"')
  if (onChange !== undefined) checkFunction('onChange', onChange)
  const bounds = typeof concurrency === 'object' ? concurrency : { total: concurrency }
  checkNames('concurrency', bounds, ['total', 'perUser'])
  const { total = Infinity, perUser = Infinity } = own(bounds)
  return {
    maxWaiting: checkCount('maxWaiting', maxWaiting, WAITING),
    maxWaitingPerUser: checkCount('maxWaitingPerUser', maxWaitingPerUser, WAITING),
    drops: whenFull === 'drop',
    total: checkCount('concurrency', total, RUNNING),
    perUser: checkCount('concurrency.perUser', perUser, RUNNING),
    onChange,
  }
}

export function checkLimiter(given: unknown): void {
  const limiter = given as QueueLimiter | undefined
  const isMade = (['check', 'peek', 'refund', 'charge'] as const).every((name) => typeof limiter?.[name] === 'function')
  // A fleet's would have taken a place by the time that its promise is seen.
  const waits = isMade && Symbol.toStringTag in limiter!.check
  if (!isMade || waits || !limiter!.quota) fail('limiter', given, 'one that decides at once, with a quota')
}

/** Checks what is asked for and by whom, and fills in the defaults. Own properties count. */
export function checkRequest(quota: Quota, userId: unknown, given: QueueRequest | undefined): Settled {
  if (typeof userId !== 'string') fail('userId', userId, 'a string')
  if (given === undefined) return DEFAULT_REQUEST
  checkNames('request', given, REQUEST_NAMES)
  const { cost = 1, limit = quota.limit, signal, timeoutMs = Infinity, priority = 0 } = own(given)
  checkNumber('cost', cost, { from: 1, to: maxCost(quota), whole: true })
  checkNumber('limit', limit, { from: 0, to: quota.limit, whole: true })
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') fail('signal', signal, 'an AbortSignal')
  checkNumber('timeoutMs', timeoutMs, TIMEOUT)
  checkNumber('priority', priority, PRIORITY)
  return { request: limit === quota.limit ? cost : { cost, limit }, signal, timeoutMs, priority }
}

export function checkFunction(name: string, given: unknown): void {
  if (typeof given !== 'function') fail(name, given, 'a function')
}

/** @param given whose turn a call takes: a text, or a function that tells it of each */
export function checkKey(given: unknown): void {
  if (typeof given !== 'string' && typeof given !== 'function') fail('key', given, 'a string or a function')
}

/** Some of the properties that an object has; one that is undefined counts as left out. */
export function pick(from: object, names: readonly string[]): object {
  return Object.fromEntries(Object.entries(from).filter(([name, value]) => names.includes(name) && value !== undefined))
}

/** What of an object is its own, so that no prototype has a say. */
export function own<Given extends object>(given: Given): Given {
  return { __proto__: null, ...given }
}

export function fail(name: string, given: unknown, accepted: string): never {
  const message = `${name} must be ${accepted}, not ${describe(given)}`
  throw typeof given === 'string' && accepted.includes('"') ? new RangeError(message) : new TypeError(message)
}

/** Checks a whole number that may be `Infinity`. */
function checkCount(name: string, given: unknown, range: Range): number {
  return checkNumber(name, given, { ...range, whole: given !== Infinity })
}
