/** The options of a limiter: their types, and what each is when it is left out. */
import { ON_FULL } from './abi.js'
import { LONGEST_TIMER_MS } from './background-timer.js'
import type { Clock } from './clock.js'
import { hasSystemClock, systemClock } from './clock.js'
import type { CoreModule } from './core-module.js'
import type { Quota } from './quota.js'
import { DEFAULT_QUOTA, QUOTA_RANGES } from './quota.js'
import type { Range } from './validation.js'
import { checkNames, checkNumber, checkTag, describe } from './validation.js'

/** Options of `loadLimiter` and `createLimiter`. Each has a default. */
export interface LimiterOptions {
  /** Base admissions of a user in any window. Whole, 1 to 1,000,000,000. Default 50. */
  limit?: number | undefined
  /** Length of the sliding window in milliseconds, 1 or more. Default 1000. */
  windowMs?: number | undefined
  /**
   * Burst tokens, earned by inactivity and used when the window is full; `false` for none. Default: with neither
   * `limit` nor `windowMs`, up to 100 tokens, one a second; with either of them, none. `{}` means 100 and one a second.
   */
  burst?: BurstOptions | false | undefined
  /**
   * Users kept at the same time, which bounds memory to some 270 bytes a user at worst, 540 with a `limit` above 64.
   * Memory is taken as users come. Whole, 1 to 30,000,000. Default 1,000,000 in Node, Deno and Bun, 100,000 in browsers
   * and edge workers.
   */
  maxUsers?: number | undefined
  /**
   * What happens to a user never seen when `maxUsers` are kept and none in the newcomer's page of the table is stale:
   * `'evict'` forgets the one idle for longest there (the default), `'deny'` denies the newcomer, `'allow'` treats the
   * newcomer as never seen each time, without keeping it.
   */
  onFull?: OnFull | undefined
  /**
   * Milliseconds in which a timer visits all users once, to remove the stale ones. With 0 there is no timer, and users
   * are removed by `sweep()`, and where room is needed. Default 5000; 0 in Cloudflare Workers, where a timer ends with
   * the request that set it.
   */
  sweepIntervalMs?: number | undefined
  /** Monotonic milliseconds. Default `performance.now()`, the faked one under fake timers. */
  clock?: Clock | undefined
  /** The compiled core (`spillway/core.wasm`), for places that do not allow compiling bytes. */
  module?: CoreModule | undefined
  /**
   * What `snapshot()` of a limiter with the same `limit`, `windowMs` and `burst` gave: this one goes on with its users, as
   * if it had been idle in between. It is read while loading, and not kept.
   */
  snapshot?: Uint8Array | undefined
}

/** Options of burst tokens. */
export interface BurstOptions {
  /** Most tokens a user can have. 0 to 1,000,000,000, fractions allowed. Default 100. */
  capacity?: number | undefined
  /** Tokens earned by a second of inactivity. 0 to 1,000,000,000, fractions allowed. Default 1. */
  refillPerSecond?: number | undefined
}

/** What is done with a newcomer when memory is full. */
export type OnFull = (typeof ON_FULL)[number]

/** Options with every default filled in. */
export interface Settings {
  readonly quota: Quota
  readonly maxUsers: number
  readonly onFull: OnFull
  readonly sweepIntervalMs: number
  readonly clock: Clock
  readonly module: CoreModule | undefined
  /** Bytes of memory once used and now unused that are worth giving back. No option: tests set it. */
  readonly spareBytes: number
}

/** What `maxUsers` may be. */
export const MAX_USERS_RANGE: Range = { from: 1, to: 30_000_000, whole: true }

const SWEEP_INTERVAL_RANGE: Range = { from: 0, to: LONGEST_TIMER_MS }

/** As much as a small process takes; giving back less is not worth moving anybody. */
const SPARE_BYTES = 16 * 1024 * 1024

const NO_BURST = { capacity: 0, refillPerSecond: 0 }

/** The names that options may have; typed so that none is forgotten. */
const OPTION_NAMES = Object.keys({
  limit: true,
  windowMs: true,
  burst: true,
  maxUsers: true,
  onFull: true,
  sweepIntervalMs: true,
  clock: true,
  module: true,
  snapshot: true,
} satisfies Record<keyof LimiterOptions, true>)

const BURST_NAMES = Object.keys({ capacity: true, refillPerSecond: true } satisfies Record<keyof BurstOptions, true>)

/**
 * Checks options and fills in the defaults. Own properties count, not inherited ones.
 *
 * @throws {TypeError} for a value of a wrong type or an option that does not exist
 * @throws {RangeError} for a number or a word that is not accepted
 */
export function resolveOptions(given: LimiterOptions): Settings {
  checkNames('options', given, OPTION_NAMES)
  const options: LimiterOptions = { __proto__: null, ...given } as object
  const { limit, windowMs, module } = options
  checkTag('module', module, 'WebAssembly.Module')
  // Tokens by default only with the default limit: who says 5 in 15 minutes must not find 105 admitted.
  const burstByDefault = limit === undefined && windowMs === undefined ? {} : false
  return {
    quota: {
      limit: numberOr('limit', limit, DEFAULT_QUOTA.limit, QUOTA_RANGES.limit),
      windowMs: numberOr('windowMs', windowMs, DEFAULT_QUOTA.windowMs, QUOTA_RANGES.windowMs),
      ...resolveBurst(options.burst === undefined ? burstByDefault : options.burst),
    },
    maxUsers: numberOr('maxUsers', options.maxUsers, defaultMaxUsers(), MAX_USERS_RANGE),
    onFull: resolveOnFull(options.onFull),
    sweepIntervalMs: numberOr(
      'sweepIntervalMs',
      options.sweepIntervalMs,
      defaultSweepIntervalMs(),
      SWEEP_INTERVAL_RANGE,
    ),
    clock: resolveClock(options.clock),
    module,
    spareBytes: SPARE_BYTES,
  }
}

/**
 * Checks the snapshot among options that are checked otherwise. It is no setting: those are kept, and it is large.
 *
 * @throws {TypeError} if it is no `Uint8Array`
 */
export function resolveSnapshot(given: LimiterOptions): Uint8Array | undefined {
  const { snapshot }: LimiterOptions = { __proto__: null, ...given } as object
  checkTag('snapshot', snapshot, 'Uint8Array')
  return snapshot
}

function resolveBurst(given: unknown): Pick<Quota, 'capacity' | 'refillPerSecond'> {
  if (given === false) return NO_BURST
  checkNames('burst', given, BURST_NAMES)
  const { capacity, refillPerSecond }: BurstOptions = { __proto__: null, ...(given as BurstOptions) } as object
  return {
    capacity: numberOr('burst.capacity', capacity, DEFAULT_QUOTA.capacity, QUOTA_RANGES.capacity),
    refillPerSecond: numberOr(
      'burst.refillPerSecond',
      refillPerSecond,
      DEFAULT_QUOTA.refillPerSecond,
      QUOTA_RANGES.refillPerSecond,
    ),
  }
}

function numberOr(name: string, value: unknown, fallback: number, range: Range): number {
  return value === undefined ? fallback : checkNumber(name, value, range)
}

function resolveOnFull(value: unknown): OnFull {
  if (value === undefined) return 'evict'
  const found = ON_FULL.find((name) => name === value)
  if (found) return found
  const Wrong = typeof value === 'string' ? RangeError : TypeError
  throw new Wrong(`onFull must be ${ON_FULL.map((name) => `'${name}'`).join(', ')}, not ${describe(value)}`)
}

function resolveClock(value: unknown): Clock {
  if (value === undefined && hasSystemClock()) return systemClock
  if (typeof value === 'function') return value as Clock
  throw new TypeError(`clock must be a function that gives milliseconds, not ${describe(value)}`)
}

interface Platform {
  process?: { versions?: { node?: string } }
  navigator?: { userAgent?: string }
}

function isWorkers(): boolean {
  return (globalThis as Platform).navigator?.userAgent === 'Cloudflare-Workers'
}

/** Servers have memory for more users; an edge worker may look like a server, but has little. */
function defaultMaxUsers(): number {
  return (globalThis as Platform).process?.versions?.node !== undefined && !isWorkers() ? 1_000_000 : 100_000
}

function defaultSweepIntervalMs(): number {
  return isWorkers() ? 0 : 5000
}
