/** Making fleet limiters. */
import type { FleetLimiter } from './fleet-limiter.js'
import type { FleetOptions } from './options.js'
import { checkFleetOptions } from './options.js'
import { StoreLimiter } from './store-limiter.js'

/**
 * Loads a limiter whose limit all processes share that give the same store, name and window.
 *
 * It loads though the store does not answer: `onUnavailable` decides then.
 *
 * @throws {TypeError} for an option of a wrong type or one that does not exist
 * @throws {RangeError} for a number or a word that is not accepted
 * @throws {Error} if the store refuses the limit: it has something else at the limit's key, or, that of `spillway/cluster`, another quota
 *   under that name
 * @example
 * ```ts
 * const limiter = await loadFleetLimiter({ store: redisStore(client), name: 'api', limit: 50, processes: 8 })
 * const { allowed, retryAfterMs } = await limiter.check('user123') // exact over the fleet
 * limiter.isAllowed('user123') // at once; at most `allowance` beyond the limit for each process
 * ```
 */
export async function loadFleetLimiter(options: FleetOptions): Promise<FleetLimiter> {
  const limiter = new StoreLimiter(checkFleetOptions(options))
  await limiter.begin()
  return limiter
}
