/** What the adapters for servers of Node have in common. */
import type { Outcome } from '../evaluate.js'

/** What tells of a response when it is over: that of `node:http`, of `node:http2`, and of frameworks on them. */
interface Ending {
  readonly statusCode: number
  readonly writableEnded: boolean
  once(event: 'finish', listener: () => void): unknown
}

/** Settles a request that goes on by the status of its answer: by none where it is cut off before that has ended. */
export function settleBy(res: Ending, { settle }: Outcome): void {
  // HTTP/2 finishes responses that are cut off, too.
  if (settle) res.once('finish', () => res.writableEnded && settle(res.statusCode))
}
