/** A `fetch` that waits for its turn, and heeds what servers say of their limits. */
import { checkNames, checkNumber } from '../limiter/index.js'
import type { QueueLimiter, QueueOptions, QueueRequest } from './options.js'
import {
  checkFunction,
  checkKey,
  checkLimiter,
  checkRequest,
  own,
  pick,
  QUEUE_NAMES,
  REQUEST_NAMES,
} from './options.js'
import { Queue } from './queue.js'
import type { FetchInit } from './resend.js'
import { mayResend, requestOf } from './resend.js'
import type { Answer } from './server-pace.js'
import { ServerPace } from './server-pace.js'
import { HIGHEST } from './waiters.js'

/** The platform's `fetch`, where its types are known. */
export type Fetch = typeof globalThis extends { fetch: infer Type } ? Type : never

type AnyFetch = (...args: never[]) => PromiseLike<unknown>

/** Options of `throttledFetch`: its own, those of its queue, and those of each request to the queue. */
export interface ThrottledFetchOptions<Type extends AnyFetch = Fetch>
  extends QueueOptions,
    Omit<QueueRequest, 'signal'> {
  /** Decides how fast calls leave, whatever servers would take. */
  limiter: QueueLimiter
  /** What sends. Default: the global `fetch`, as it is when a call leaves. */
  fetch?: Type | undefined
  /**
   * Whose turn a call takes, and whose limits its answer tells: a text, or a function of what `fetch` is called with. Default:
   * the origin of the address.
   */
  key?: string | ((...args: Parameters<Type>) => string) | undefined
  /**
   * Milliseconds that a server may put a call off. Where it asks for more, the caller gets its answer. 0 to 86,400,000. Default
   * 60,000.
   */
  maxWaitMs?: number | undefined
  /** How often a call is sent again at most, after 429 and 503. Whole, 0 to 100. Default 2. */
  retries?: number | undefined
}

/** A `fetch` that waits. `queue` is where its calls wait: for `size`, `forecast`, `clear`, and others who take their turn there. */
export type ThrottledFetch<Type = Fetch> = Type & { readonly queue: Queue }

/** What a response has that is used here. */
interface ResponseLike extends Answer {
  readonly body?: { cancel?: () => PromiseLike<void> } | null
}

const REQUEST = REQUEST_NAMES.filter((name) => name !== 'signal')
const NAMES = ['fetch', 'limiter', 'key', 'maxWaitMs', 'retries', ...REQUEST, ...QUEUE_NAMES]

/**
 * Makes a `fetch` whose calls wait for their turn, and that heeds what servers say of their limits: `docs/throttled-fetch.md`.
 *
 * @throws {TypeError} for an unknown option, or one of a wrong type
 * @throws {RangeError} for a number out of range
 * @example
 * ```ts
 * const limiter = await loadLimiter({ limit: 50 })
 * const politeFetch = throttledFetch({ limiter })
 * const response = await politeFetch('https://api.example.com/things', { signal })
 * ```
 */
export function throttledFetch(options: ThrottledFetchOptions): ThrottledFetch
export function throttledFetch<Type extends AnyFetch>(options: ThrottledFetchOptions<Type>): ThrottledFetch<Type>
export function throttledFetch(options: ThrottledFetchOptions<AnyFetch>): unknown {
  checkNames('options', options, NAMES)
  const given = own(options)
  const { limiter, fetch: send = globalFetch, key = originOf, maxWaitMs = 60_000, retries = 2 } = given
  checkLimiter(limiter)
  checkFunction('fetch', send)
  checkKey(key)
  checkNumber('maxWaitMs', maxWaitMs, { from: 0, to: 86_400_000 })
  checkNumber('retries', retries, { from: 0, to: 100, whole: true })
  const request: QueueRequest = pick(given, REQUEST)
  checkRequest(limiter.quota, '', request)
  const pace = new ServerPace(maxWaitMs)
  const queue = new Queue(pacedLimiter(limiter, pace), pick(given, QUEUE_NAMES))

  const call = async (input: never, init?: FetchInit): Promise<unknown> => {
    const userId = typeof key === 'string' ? key : key(input, init as never)
    const { signal = requestOf(input)?.signal, priority } = init ?? {}
    const asked: QueueRequest = { ...request, signal: signal ?? undefined }
    if (priority === 'high') asked.priority = HIGH
    for (let attempt = 0; ; attempt++) {
      let waitMs: number | undefined
      const response = await queue.run(
        userId,
        async () => {
          const departure = pace.depart(userId, request.cost ?? 1)
          let response: ResponseLike | undefined
          try {
            response = (await send(input, init as never)) as ResponseLike
            return response
          } finally {
            waitMs = pace.arrive(departure, response, attempt)
            if (pace.isSooner(userId)) queue.recheck()
          }
        },
        asked,
      )
      if (waitMs === undefined || attempt === retries || !mayResend(input, init, response.status)) return response
      // So that the connection is free for the next.
      Promise.resolve(response.body?.cancel?.()).catch(() => {})
      if (waitMs > 0) await sleep(waitMs, signal)
      asked.priority = HIGHEST
    }
  }
  return Object.assign(call, { queue })
}

function globalFetch(...args: never[]): PromiseLike<unknown> {
  return globalThis.fetch(...(args as unknown as Parameters<typeof globalThis.fetch>))
}

/** The priority of calls with `priority: 'high'`: below those that are sent again. */
const HIGH = HIGHEST - 1

/** A limiter that also denies what the server would, and counts what it admits. */
function pacedLimiter(limiter: QueueLimiter, pace: ServerPace): QueueLimiter {
  const decide =
    (verb: 'check' | 'peek'): QueueLimiter['check'] =>
    (userId, request = 1) => {
      const waitMs = pace.waitMs(userId)
      const decision = limiter[waitMs > 0 ? 'peek' : verb](userId, request)
      if (waitMs > 0) {
        const retryAfterMs = Math.max(waitMs, decision.retryAfterMs)
        return { ...decision, allowed: false, fromBurst: 0, retryAfterMs, reason: 'blocked' }
      }
      if (verb === 'check' && decision.allowed) {
        pace.take(userId, typeof request === 'number' ? request : (request.cost ?? 1))
      }
      return decision
    }
  return {
    quota: limiter.quota,
    check: decide('check'),
    peek: decide('peek'),
    // The queue undoes admissions, and moves them to when they start.
    refund(userId, cost = 1, fromBurst = 0) {
      pace.take(userId, -cost)
      limiter.refund(userId, cost, fromBurst)
    },
    charge(userId, cost) {
      pace.take(userId, cost)
      return limiter.charge(userId, cost)
    },
  }
}

/** The origin of an address, which in a page may be relative. */
function originOf(input: unknown): string {
  const { document, location } = globalThis as {
    document?: { baseURI?: string }
    location?: { href?: string }
  }
  const base = document?.baseURI ?? location?.href
  return new URL(requestOf(input)?.url ?? String(input), base).origin
}

/** Waits, unless a signal ends it. */
function sleep(ms: number, signal: AbortSignal | null | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      if (signal?.aborted) reject(signal.reason)
      else resolve()
    }
    const timer = setTimeout(end, Math.ceil(ms))
    signal?.addEventListener('abort', end)
  })
}
