// ES modules, with the types of Node alone.
import type { BurstOptions, Clock, Decision, DenialReason, Limiter, LimiterOptions, LimiterStats } from 'spillway'
import { coarseClock, createLimiter, loadLimiter, manualClock, secondsToWait } from 'spillway'
import { createLimiter as createMin } from 'spillway/min'

const burst: BurstOptions = { capacity: 5, refillPerSecond: undefined }
const clock: Clock = coarseClock(2)
const options: LimiterOptions = { limit: 5, windowMs: 1000, burst, clock, onFull: 'deny', module: undefined }

export async function main(): Promise<LimiterStats> {
  using limiter: Limiter = await loadLimiter(options)
  using twin = createMin({ clock: manualClock(), burst: false })
  const decision: Decision = limiter.check('a', 2)
  const reason: DenialReason | undefined = decision.reason
  const seconds: number = secondsToWait(decision.retryAfterMs, 1000)
  const { isAllowed } = twin
  if (isAllowed('a') && reason === 'limit' && seconds > 0) limiter.reset('a')
  return limiter.stats()
}

// @ts-expect-error: an option of a wrong type
createLimiter({ limit: '5' })
// @ts-expect-error: an option that does not exist
createLimiter({ limits: 5 })
// @ts-expect-error: a module is an object, whatever its class is called here
createLimiter({ module: 5 })
// @ts-expect-error: the id is missing
createLimiter().isAllowed()
