/** Clocks: the platform's, and one for tests. */
import { describe } from './validation.js'

/** A source of time: milliseconds, fractions allowed, from any origin. Readings should never go back. */
export type Clock = () => number

/** The latest time in milliseconds since loading, 139 years: up to there the ticks of a whole millisecond are exact. */
export const LATEST_MS = 2 ** 42

// What the globals were when this module was loaded. V8 holds a global that nobody replaced as a constant, so comparing
// `Date` costs a decision nothing; `performance` is an accessor in Node, and reading that global anew costs 8 ns.
const { Date: DateAtLoading, performance: performanceAtLoading } = globalThis

/** Whether `Date` was ever seen replaced. From then on the time is `followFakes`', which makes it continuous. */
let everFaked = false
/** The `performance` that was read last, its `now` as it then was (fakes may replace that, too), and what to add to it. */
let source = performanceAtLoading
let nowOfSource = performanceAtLoading?.now
let offsetMs = 0

/**
 * The monotonic clock of the platform: `performance.now()`. Under fake timers (vi, jest, sinon) it is the faked one,
 * whether they were installed before or after the limiter was loaded: those replace `Date` along with `performance`.
 */
export const systemClock: Clock = () => (isReal() ? performanceAtLoading.now() : followFakes())

/** Whether the platform has a monotonic clock. */
export function hasSystemClock(): boolean {
  return typeof globalThis.performance?.now === 'function'
}

/** Whether `Date` is and always was what it is: then no reading that is held became wrong by an installation of fakes. */
export function isReal(): boolean {
  return Date === DateAtLoading && !everFaked
}

/** Reads whatever `performance` is now, going on from where the one before it stands. */
function followFakes(): number {
  everFaked = true
  const { performance } = globalThis
  if (performance !== source) {
    offsetMs += nowOfSource.call(source) - performance.now()
    source = performance
    nowOfSource = performance.now
  }
  return performance.now() + offsetMs
}

/** A clock that moves only when told to, for tests of code that uses a limiter. */
export interface ManualClock {
  /** The current reading, in milliseconds. */
  (): number
  /** Moves the clock on by `ms` milliseconds. */
  advance(ms: number): void
  /** Sets the reading to `ms` milliseconds. A limiter treats a lower reading as its highest so far. */
  set(ms: number): void
}

/**
 * Makes a clock that stands still until it is moved.
 *
 * @param startMs the first reading, in milliseconds
 * @throws {TypeError} here, in `advance` and in `set`, for what is no number
 * @throws {RangeError} for a number that is not finite
 * @example
 * ```ts
 * const clock = manualClock()
 * const limiter = await loadLimiter({ clock })
 * clock.advance(5000)
 * limiter.getBurstAllowance('user123') // 5
 * ```
 */
export function manualClock(startMs = 0): ManualClock {
  let reading = finite('startMs', startMs)
  return Object.assign(() => reading, {
    advance(ms: number) {
      reading = finite('the reading', reading + finite('ms', ms))
    },
    set(ms: number) {
      reading = finite('ms', ms)
    },
  })
}

function finite(name: string, value: number): number {
  if (Number.isFinite(value)) return value
  const message = `manualClock: ${name} must be a finite number of milliseconds, not ${describe(value)}`
  throw typeof value === 'number' ? new RangeError(message) : new TypeError(message)
}
