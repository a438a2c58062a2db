/** A source of time: milliseconds, fractions allowed, from any origin. Readings should never go back. */
export type Clock = () => number

// Taken once: in Node the global is an accessor, and going through it for every reading makes decisions slower.
const { performance } = globalThis

/** The monotonic clock of the platform. */
export const systemClock: Clock = () => performance.now()

/** A clock that moves only when told to, for tests of code that uses a limiter. */
export interface ManualClock {
  /** The current reading, in milliseconds. */
  (): number
  /** Moves the clock on by `ms` milliseconds. */
  advance(ms: number): void
  /** Sets the reading to `ms` milliseconds. A limiter takes a reading below the highest it saw for that highest. */
  set(ms: number): void
}

/**
 * Makes a clock that stands still until it is moved.
 *
 * @param startMs the first reading, in milliseconds
 * @throws {RangeError} here, in `advance` and in `set`, if the number is not finite
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
  throw new RangeError(`manualClock: ${name} must be a finite number of milliseconds, not ${String(value)}`)
}
