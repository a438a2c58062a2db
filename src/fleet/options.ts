/** What a fleet limiter may be told: types, checks and defaults. */
import type { BurstOptions, Clock, Quota, Range } from '../limiter/index.js'
import { checkNames, checkNumber, createLimiter, describe, MAX_USERS_RANGE, systemClock } from '../limiter/index.js'
import type { FleetStore } from './store.js'

/** Whether the store answers. */
export type FleetState = 'available' | 'unavailable'

/** Options of `loadFleetLimiter`. */
export interface FleetOptions {
  /** Where the limit is kept: `redisStore(client)`, `clusterStore()`. */
  store: FleetStore
  /** The limit's name: all who give the same name and window share it. 1 to 200 characters, no braces. */
  name: string
  /** Base admissions in any window, of all processes together. Whole, 1 to 1,000,000,000. Default 50. */
  limit?: number | undefined
  /** Length of the sliding window in milliseconds. 10 or more. Default 1000. */
  windowMs?: number | undefined
  /** Burst tokens; `false` for none. Default as for `loadLimiter`: 100 at 1 a second if neither `limit` nor `windowMs` is given. */
  burst?: BurstOptions | false | undefined
  /** How many processes share the limit, at most. Whole, 1 to 1,000,000. */
  processes: number
  /**
   * How many places a process may take of one user before the store knows of them, by `isAllowed`, and by `check` where the store does not
   * answer. Whole, 1 to `limit`.
   * Default `limit / processes`, rounded up.
   */
  allowance?: number | undefined
  /**
   * Who decides while the store does not answer: with `'share'` each process admits `allowance` of each user a window (default);
   * `'allow'` admits everything, `'deny'` nothing.
   */
  onUnavailable?: 'share' | 'allow' | 'deny' | undefined
  /** Milliseconds that a decision waits for the store at most. 1 to 60,000. Default 20. */
  timeoutMs?: number | undefined
  /** Most users of whom the process remembers something. As for `loadLimiter`. */
  maxUsers?: number | undefined
  /** Monotonic milliseconds. Default `performance.now()`, the faked one under fake timers. */
  clock?: Clock | undefined
  /** Is told when the store stops answering, with the error, and when it answers again. */
  onStateChange?: ((state: FleetState, error?: unknown) => void) | undefined
}

/** Options that were checked. */
export interface FleetSettings {
  readonly store: FleetStore
  readonly name: string
  readonly quota: Quota
  readonly processes: number
  readonly allowance: number
  readonly onUnavailable: 'share' | 'allow' | 'deny'
  readonly timeoutMs: number
  readonly maxUsers: number | undefined
  readonly clock: Clock
  readonly onStateChange: ((state: FleetState, error?: unknown) => void) | undefined
}

const OPTION_NAMES = Object.keys({
  store: true,
  name: true,
  limit: true,
  windowMs: true,
  burst: true,
  processes: true,
  allowance: true,
  onUnavailable: true,
  timeoutMs: true,
  maxUsers: true,
  clock: true,
  onStateChange: true,
} satisfies Record<keyof FleetOptions, true>)

const UNAVAILABLE = ['share', 'allow', 'deny'] as const
const PROCESSES: Range = { from: 1, to: 1_000_000, whole: true }
const TIMEOUT: Range = { from: 1, to: 60_000 }
/** Below it a window is no longer than a hop to the store. */
const WINDOW: Range = { from: 10, to: 2 ** 42 }
const LONGEST_NAME = 200

export function checkFleetOptions(given: FleetOptions): FleetSettings {
  checkNames('options', given, OPTION_NAMES)
  const options: FleetOptions = { __proto__: null, ...given } as FleetOptions
  const { store, name, limit, windowMs, burst, maxUsers, clock = systemClock, onStateChange } = options
  const { processes, onUnavailable = 'share', timeoutMs = 20 } = options
  for (const method of ['begin', 'ask', 'reset'] as const) {
    if (typeof store?.[method] !== 'function') {
      throw new TypeError(`store must be made by redisStore or clusterStore, not ${describe(store)}`)
    }
  }
  if (typeof name !== 'string') throw new TypeError(`name must be a string, not ${describe(name)}`)
  if (name.length < 1 || name.length > LONGEST_NAME || /[{}]/.test(name)) {
    throw new RangeError(`name must have 1 to ${LONGEST_NAME} characters and no braces, not be ${describe(name)}`)
  }
  if (windowMs !== undefined) checkNumber('windowMs', windowMs, WINDOW)
  // The limiter's own checks and defaults; it takes no memory.
  const { quota, close } = createLimiter({ limit, windowMs, burst, sweepIntervalMs: 0 })
  close()
  checkNumber('processes', processes, PROCESSES)
  const allowance = options.allowance ?? Math.ceil(quota.limit / processes)
  checkNumber('allowance', allowance, { from: 1, to: quota.limit, whole: true })
  checkNumber('timeoutMs', timeoutMs, TIMEOUT)
  if (maxUsers !== undefined) checkNumber('maxUsers', maxUsers, MAX_USERS_RANGE)
  if (!UNAVAILABLE.includes(onUnavailable)) {
    const Wrong = typeof onUnavailable === 'string' ? RangeError : TypeError
    throw new Wrong(`onUnavailable must be 'share', 'allow', 'deny', not ${describe(onUnavailable)}`)
  }
  for (const [what, value] of Object.entries({ clock, onStateChange })) {
    if (value !== undefined && typeof value !== 'function') {
      throw new TypeError(`${what} must be a function, not ${describe(value)}`)
    }
  }
  return { store, name, quota, processes, allowance, onUnavailable, timeoutMs, maxUsers, clock, onStateChange }
}
