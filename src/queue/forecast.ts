/** How long one has to wait at least, by what the limiter tells. */
import type { RequestOptions } from '../limiter/index.js'
import type { Forecast } from './errors.js'
import type { QueueLimiter } from './options.js'
import { costOf } from './waiters.js'

/**
 * Places come free one after the other, and again a window after they were taken. So the last of `n` that are wanted, of
 * `limit` in all, comes when the last of `n modulo limit` does, and as many windows later. Tokens may come meanwhile, and
 * spare that many.
 *
 * @param ahead how many of the same user go first
 * @param places what those cost
 */
export function forecastOf(
  limiter: QueueLimiter,
  userId: string,
  request: number | RequestOptions,
  ahead: number,
  places: number,
): Forecast {
  const { limit, windowMs, refillPerSecond, capacity } = limiter.quota
  const { retryAfterMs, burstRemaining } = limiter.peek(userId, request)
  if (places === 0) return { ahead, waitMs: retryAfterMs }
  const cost = costOf(request)
  const waitFor = (wanted: number) => {
    const windows = Math.ceil(wanted / limit) - 1
    return windows * windowMs + limiter.peek(userId, wanted - windows * limit).retryAfterMs
  }
  let waitMs = waitFor(places + cost)
  if (capacity > 0) {
    const tokens = Math.floor(burstRemaining + (waitMs * refillPerSecond) / 1000)
    waitMs = waitFor(Math.max(cost, places + cost - tokens))
  }
  return { ahead, waitMs: Math.max(retryAfterMs, waitMs) }
}
