/** Answers as web `Response`s. */
import { describe } from '../limiter/index.js'
import type { Outcome } from './evaluate.js'
import { answerOf } from './evaluate.js'
import type { Header } from './headers.js'
import { PROBLEM_TYPE } from './problem.js'

/** The platform's `Request`, where its types are known. */
export type WebRequest = typeof globalThis extends { Request: { prototype: infer Type } } ? Type : never

/** The platform's `Response`, where its types are known. */
export type WebResponse = typeof globalThis extends { Response: { prototype: infer Type } } ? Type : never

/** The problem of a request that does not go on. */
export function problemResponse(outcome: Outcome): WebResponse {
  const { status, body } = answerOf(outcome)
  return withHeaders(new Response(body, { status, headers: { 'Content-Type': PROBLEM_TYPE } }), outcome.headers)
}

/**
 * Adds headers to what a function of the service gave for an answer.
 *
 * @throws {TypeError} if it is none
 */
export function answerWith(response: WebResponse, headers: readonly Header[]): WebResponse {
  if (typeof response?.headers !== 'object') throw new TypeError(`it must give a Response, not ${describe(response)}`)
  return withHeaders(response, headers)
}

/** Adds headers to an answer: to a copy where it is from `fetch` or a redirect, whose headers cannot be changed. */
export function withHeaders(response: WebResponse, headers: readonly Header[]): WebResponse {
  try {
    // Asked for once: a response may make them when it is asked.
    const { headers: own } = response
    for (const [name, value] of headers) own.set(name, value)
    return response
  } catch {
    return copyWith(response, headers)
  }
}

function copyWith(response: WebResponse, headers: readonly Header[]): WebResponse {
  try {
    const copy = new Response(response.body, response)
    for (const [name, value] of headers) copy.headers.set(name, value)
    return copy
  } catch {
    // A WebSocket's answer, or an error's: better without headers than not at all.
    return response
  }
}
