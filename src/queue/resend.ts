/** What may be sent twice. */

/** What is needed of a `Request`. */
interface RequestLike {
  readonly method: string
  readonly url: string
  readonly body?: unknown
  readonly signal?: AbortSignal
}

/** What is needed of the second argument of `fetch`. */
export interface FetchInit {
  method?: string
  body?: unknown
  signal?: AbortSignal | null
  priority?: unknown
}

/** Methods whose effect is the same however often they are sent. */
const IDEMPOTENT = /^(GET|HEAD|OPTIONS|TRACE|PUT|DELETE|QUERY)$/i

/** Bodies that can be read again, by the type that they say they have: those of another realm, too. */
const LASTING = /^\[object (String|URLSearchParams|FormData|Blob|File|(Shared)?ArrayBuffer)\]$/

/** The request that `fetch` was given, if it was given one rather than an address. */
export function requestOf(input: unknown): RequestLike | undefined {
  return typeof (input as RequestLike | undefined)?.method === 'string' ? (input as RequestLike) : undefined
}

/**
 * Tells whether a request may be sent again. Its body must be one that is not used up, as streams are and what a `Request` holds. A
 * server that answers 429 has not acted on the request; one that answers 503 may have, so the method must be idempotent.
 */
export function mayResend(input: unknown, init: FetchInit | undefined, status: number): boolean {
  const request = requestOf(input)
  const method = init?.method ?? request?.method ?? 'GET'
  if (status !== 429 && !IDEMPOTENT.test(method)) return false
  const body = init?.body
  if (body != null) return ArrayBuffer.isView(body) || LASTING.test(Object.prototype.toString.call(body))
  // Not every browser tells the body of a request: then it has none if its method says so.
  return !request || request.body === null || (request.body === undefined && /^(GET|HEAD)$/i.test(method))
}
