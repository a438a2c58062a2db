/** Limits for web `Request`s: Deno, Bun, Workers, Next, h3, Elysia, and whatever else has one. */
import { createEvaluator } from './evaluate.js'
import type { Eventually } from './eventually.js'
import { after } from './eventually.js'
import type { Header } from './headers.js'
import type { RateLimitOptions } from './options.js'
import type { Verdict } from './verdict.js'
import type { WebRequest, WebResponse } from './web.js'
import { finish, refusal } from './web.js'

/** A request, and whatever else the platform gives a handler. */
export type GuardFacts = [request: WebRequest, ...rest: unknown[]]

/** Options of `guard`: `onDenied` gives the answer. */
export type GuardOptions<Facts extends GuardFacts = [request: WebRequest]> = RateLimitOptions<
  Facts,
  Eventually<WebResponse>
>

/** What a guard says of a request. */
export interface Passage {
  /** The answer, if the request does not go on; else undefined. */
  readonly response: WebResponse | undefined
  /** For the answer, where it is no `Response`; `finish` adds them to one. */
  readonly headers: readonly Header[]
  /** What was decided; undefined if the request was skipped or could not be decided. */
  readonly verdict: Verdict | undefined
  /**
   * To be called once, with the handler's answer: gives it with the headers, and takes the request back where `countOnly`
   * says so. An answer whose headers cannot be changed is copied; one that cannot be copied, a WebSocket's, stays as it is.
   */
  finish(response: WebResponse): WebResponse
}

/**
 * Makes a guard of requests. Called with a request, and whatever else the platform gives a handler, it tells whether the
 * request goes on; it neither throws nor rejects. With a handler, it is a handler itself.
 *
 * @throws {TypeError} {RangeError} for options that are not accepted
 * @example
 * ```ts
 * const key = (request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>) =>
 *   clientAddress(request, { peer: info.remoteAddr.hostname })
 * Deno.serve(guard({ limiter, key }, () => new Response('Hello')))
 * ```
 * @example
 * ```ts
 * const limit = guard({ limiter, key: (request) => request.headers.get('x-api-key') })
 * const { response, finish } = await limit(request)
 * return response ?? finish(new Response('Hello'))
 * ```
 */
export function guard<Facts extends GuardFacts = [request: WebRequest]>(
  options: GuardOptions<Facts>,
): (...facts: Facts) => Passage | PromiseLike<Passage>
export function guard<Facts extends GuardFacts = [request: WebRequest]>(
  options: GuardOptions<Facts>,
  handler: (...facts: Facts) => Eventually<WebResponse>,
): (...facts: Facts) => Promise<WebResponse>
export function guard<Facts extends GuardFacts>(
  options: GuardOptions<Facts>,
  handler?: (...facts: Facts) => Eventually<WebResponse>,
): (...facts: Facts) => Eventually<Passage | WebResponse> {
  const evaluate = createEvaluator(options)
  const limit = (...facts: Facts) =>
    after(evaluate(...facts), (outcome) =>
      after(outcome.pass ? undefined : refusal(facts[0], outcome), (response): Passage => {
        const { headers, verdict } = outcome
        return { response, headers, verdict, finish: (answer) => finish(facts[0], answer, outcome) }
      }),
    )
  if (handler === undefined) return limit
  // The first parameter is named as Deno.serve gives nothing to a function that has none.
  return async (request, ...rest) => {
    const facts = [request, ...rest] as unknown as Facts
    const { response, finish } = await limit(...facts)
    return response ?? finish(await handler(...facts))
  }
}
