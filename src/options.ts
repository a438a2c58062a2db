import type { Clock } from './clock.js'
import { systemClock } from './clock.js'

/** Options of {@link loadLimiter}. Each has a default. */
export interface LimiterOptions {
  /** Base admissions of a user in any window. Whole, 1 to 1,000,000,000. Default 50. */
  limit?: number | undefined
  /** Length of the sliding window in milliseconds, 1 or more. Default 1000. */
  windowMs?: number | undefined
  /** Burst tokens, earned by inactivity and used when the window is full; `false` for none. */
  burst?: BurstOptions | false | undefined
  /**
   * Users kept at the same time, which bounds memory to some 270 bytes a user at worst. Whole, 1 to 30,000,000.
   * Default 1,000,000 in Node, Deno and Bun, 100,000 in browsers and edge workers.
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
  /** Monotonic milliseconds. Default `performance.now()`. */
  clock?: Clock | undefined
  /** The compiled core (`spillway/core.wasm`), for places that do not allow compiling bytes. */
  module?: WebAssembly.Module | undefined
}

/** Options of burst tokens. */
export interface BurstOptions {
  /** Most tokens a user can have. 0 to 1,000,000,000, fractions allowed. Default 100. */
  capacity?: number | undefined
  /** Tokens earned by a second of inactivity. 0 to 1,000,000, fractions allowed. Default 1. */
  refillPerSecond?: number | undefined
}

/** What is done with a newcomer when memory is full. */
export type OnFull = 'evict' | 'deny' | 'allow'

/** Options with every default filled in. */
export interface Settings {
  readonly limit: number
  readonly windowMs: number
  readonly capacity: number
  readonly refillPerSecond: number
  readonly maxUsers: number
  readonly onFull: OnFull
  readonly sweepIntervalMs: number
  readonly clock: Clock
  readonly module: WebAssembly.Module | undefined
  /** Bytes of memory once used and now unused that are worth giving back. No option: tests set it. */
  readonly spareBytes: number
}

const MOST = 1_000_000_000
const MOST_USERS = 30_000_000
/** Above it, counts of tokens would lose their fractions within years. */
const MOST_REFILL = 1_000_000
/** The longest delay of a timer; a longer one would fire at once. */
const LONGEST_TIMER = 2_147_483_647
/** As much as a small process takes; giving back less is not worth moving anybody. */
const SPARE_BYTES = 16 * 1024 * 1024
const POLICIES: readonly OnFull[] = ['evict', 'deny', 'allow']

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
} satisfies Record<keyof LimiterOptions, true>)

const BURST_NAMES = Object.keys({ capacity: true, refillPerSecond: true } satisfies Record<keyof BurstOptions, true>)

/**
 * Checks options and fills in the defaults.
 *
 * @throws {TypeError} for a value of a wrong type or an option that does not exist
 * @throws {RangeError} for a number or a word that is not accepted
 */
export function settle(options: LimiterOptions): Settings {
  checkNames('options', options, OPTION_NAMES)
  const { burst = {} } = options
  if (burst !== false) checkNames('burst', burst, BURST_NAMES)
  return {
    limit: number('limit', options.limit, 50, { from: 1, to: MOST, whole: true }),
    windowMs: number('windowMs', options.windowMs, 1000, { from: 1, to: Number.MAX_SAFE_INTEGER }),
    capacity: burst ? number('burst.capacity', burst.capacity, 100, { from: 0, to: MOST }) : 0,
    refillPerSecond: burst
      ? number('burst.refillPerSecond', burst.refillPerSecond, 1, { from: 0, to: MOST_REFILL })
      : 0,
    maxUsers: number('maxUsers', options.maxUsers, defaultMaxUsers(), { from: 1, to: MOST_USERS, whole: true }),
    onFull: policy(options.onFull),
    sweepIntervalMs: number('sweepIntervalMs', options.sweepIntervalMs, defaultSweepIntervalMs(), {
      from: 0,
      to: LONGEST_TIMER,
    }),
    clock: clock(options.clock),
    module: module(options.module),
    spareBytes: SPARE_BYTES,
  }
}

/** Checks a number: the one place that words what was given and what is accepted. */
export function checkNumber(name: string, value: unknown, range: Range): number {
  const kind = range.whole ? 'a whole number' : 'a number'
  const accepted = `${name} must be ${kind} from ${range.from} to ${range.to}`
  if (typeof value !== 'number') throw new TypeError(`${accepted}, not ${describe(value)}`)
  if (!(value >= range.from && value <= range.to) || (range.whole && !Number.isInteger(value))) {
    throw new RangeError(`${accepted}, not ${value}`)
  }
  return value
}

/** Says what a value is, for messages: short, whatever it is. */
export function describe(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  switch (typeof value) {
    case 'string':
      return value.length > 40 ? `a string of ${value.length} characters` : JSON.stringify(value)
    case 'object':
      return 'an object'
    case 'function':
      return 'a function'
    case 'bigint':
    case 'symbol':
      return `a ${typeof value}`
    default:
      return String(value)
  }
}

interface Range {
  readonly from: number
  readonly to: number
  readonly whole?: boolean
}

function number(name: string, value: unknown, fallback: number, range: Range): number {
  return value === undefined ? fallback : checkNumber(name, value, range)
}

function checkNames(what: string, given: unknown, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TypeError(`${what} must be an object, not ${describe(given)}`)
  }
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      throw new TypeError(`${what}: there is no option ${describe(name)}; there are ${known.join(', ')}`)
    }
  }
}

function policy(value: unknown): OnFull {
  if (value === undefined) return 'evict'
  const accepted = `onFull must be ${POLICIES.map((name) => `'${name}'`).join(', ')}`
  if (typeof value !== 'string') throw new TypeError(`${accepted}, not ${describe(value)}`)
  const found = POLICIES.find((name) => name === value)
  if (!found) throw new RangeError(`${accepted}, not ${describe(value)}`)
  return found
}

function clock(value: unknown): Clock {
  if (value === undefined) return systemClock
  if (typeof value !== 'function') {
    throw new TypeError(`clock must be a function that gives milliseconds, not ${describe(value)}`)
  }
  return value as Clock
}

function module(value: unknown): WebAssembly.Module | undefined {
  // By its tag, since a module of another realm (a test runner's, a frame's) is no instance of this one's class.
  if (value === undefined || Object.prototype.toString.call(value) === '[object WebAssembly.Module]') {
    return value as WebAssembly.Module | undefined
  }
  throw new TypeError(`module must be a WebAssembly.Module, not ${describe(value)}`)
}

const platform = globalThis as {
  process?: { versions?: { node?: string } }
  navigator?: { userAgent?: string }
}

function isWorkers(): boolean {
  return platform.navigator?.userAgent === 'Cloudflare-Workers'
}

/** Servers have memory for more users; an edge worker may look like a server, but has little. */
function defaultMaxUsers(): number {
  return platform.process?.versions?.node !== undefined && !isWorkers() ? 1_000_000 : 100_000
}

function defaultSweepIntervalMs(): number {
  return isWorkers() ? 0 : 5000
}
