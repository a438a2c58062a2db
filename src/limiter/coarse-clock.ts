/**
 * A cheaper clock that may lag: reading the platform's clock is about half of a decision's cost.
 */
import { startTimer } from './background-timer.js'
import type { Clock } from './clock.js'
import { isReal, systemClock } from './clock.js'
import { checkNumber } from './validation.js'

/** Readings given out before the platform's clock is read again, whatever the timer does. */
const MOST_READINGS = 64

/**
 * Makes a clock that reads the platform's clock once in a while and gives that reading out until the next.
 *
 * A reading is behind, never ahead: by at most `resolutionMs` while timers are on time. Where they are not, since the
 * event loop is blocked or a hidden tab's timers are throttled, every 64th reading is a fresh one all the same. If a
 * reading lags by `d`, its place returns `d` early: at worst a user gets what a window longer by `d` permits. Under fake
 * timers every reading is a fresh one.
 *
 * @param resolutionMs milliseconds that a reading is given out for, 1 to 1000
 * @throws {RangeError} or {TypeError} if that is not acceptable
 * @example
 * ```ts
 * const limiter = await loadLimiter({ clock: coarseClock() })
 * ```
 */
export function coarseClock(resolutionMs = 1): Clock {
  checkNumber('resolutionMs', resolutionMs, { from: 1, to: 1000 })
  let reading = 0
  let readingsLeft = 0
  let timerRuns = false
  const expire = () => {
    timerRuns = false
    readingsLeft = 0
  }
  return () => {
    if (!isReal()) return systemClock()
    if (readingsLeft > 0) {
      readingsLeft--
      return reading
    }
    reading = systemClock()
    readingsLeft = MOST_READINGS - 1
    // No timer runs while nobody reads.
    if (!timerRuns) timerRuns = startTimer(expire, resolutionMs) !== undefined
    return reading
  }
}
