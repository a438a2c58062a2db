/** Answers as web `Response`s. */
import type { Outcome } from './evaluate.js'
import { answerOf } from './evaluate.js'
import type { Eventually } from './eventually.js'
import type { Header } from './headers.js'
import { PROBLEM_TYPE } from './problem.js'

/** The platform's `Request`, where its types are known. */
export type WebRequest = typeof globalThis extends { Request: { prototype: infer Type } } ? Type : never

/** The platform's `Response`, where its types are known. */
export type WebResponse = typeof globalThis extends { Response: { prototype: infer Type } } ? Type : never

/** Requests, or contexts of such, whose answers have the headers of a limit: of several, those of the inner one remain. */
const told = new WeakSet<object>()

/** Answers a request that does not go on. */
export function refusal(request: object, outcome: Outcome): Eventually<WebResponse> {
  const { headers } = outcome
  told.add(request)
  const problem = () => {
    const { status, body } = answerOf(outcome)
    return new Response(body, { status, headers: [['content-type', PROBLEM_TYPE], ...(headers as [string, string][])] })
  }
  return outcome.refuse(problem, (given) => {
    const response = given as WebResponse | undefined
    if (!response?.headers) throw new TypeError('it gave no Response')
    return withHeaders(response, headers)
  })
}

/** Adds the headers to the answer of a request that went on, and settles it. */
export function finish(request: object, answer: WebResponse, { headers, settle }: Outcome): WebResponse {
  settle?.(answer.status)
  if (headers.length === 0 || told.has(request)) return answer
  told.add(request)
  return withHeaders(answer, headers)
}

/**
 * Adds headers to an answer: to a copy where it is from `fetch` or a redirect, whose headers cannot be changed; to none where
 * it cannot be copied, as a WebSocket's or an error's.
 */
function withHeaders(answer: WebResponse, headers: readonly Header[]): WebResponse {
  for (const copies of [false, true]) {
    try {
      const response = copies ? new Response(answer.body, answer) : answer
      for (const [name, value] of headers) response.headers.set(name, value)
      return response
    } catch {}
  }
  return answer
}
