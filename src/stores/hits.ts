/**
 * Decisions as hosts of stores want them: a count of hits, which the host compares with its own limit, and a wait.
 *
 * The host denies exactly the requests for which the count is above its limit. So an admitted request is told the places that
 * are taken with it, and a denied one the limit and the denied requests of the window, itself included. These are counted
 * apart, in a limiter that denies nothing: they take no places, and hosts undo them as they undo admitted ones.
 */
import type { Decision, Limiter, LimiterOptions } from '../limiter/index.js'
import { checkNames, checkNumber, createLimiter, QUOTA_RANGES, withoutRounding } from '../limiter/index.js'

/** Options of every store: those of a limiter that the host does not know. */
export interface StoreOptions
  extends Pick<LimiterOptions, 'maxUsers' | 'onFull' | 'sweepIntervalMs' | 'clock' | 'module'> {}

/** What a host is told of a request. */
export interface Hit {
  /** Above the limit exactly if the request is denied. */
  hits: number
  /**
   * Whole milliseconds: until the same request is admitted if it was denied, else until no place is taken. At most the window,
   * unless the key is blocked for longer.
   */
  waitMs: number
  allowed: boolean
  /** Whether it was denied since the key is blocked. */
  blocked: boolean
}

const OPTION_NAMES = Object.keys({
  maxUsers: true,
  onFull: true,
  sweepIntervalMs: true,
  clock: true,
  module: true,
} satisfies Record<keyof StoreOptions, true>)

/** The limit of all limiters here, since each request brings its own, and may bring another than the one before. */
const CEILING = QUOTA_RANGES.limit.to

/** Most windows of one store: each is a limiter of its own, so a window that is another for every request limits nothing. */
const MOST_WINDOWS = 100

/** For how many windows denied requests are counted where only an admission ends the count. */
const WINDOWS_UNTIL_ADMITTED = 64

/** The hits of all keys in one window. */
export class Hits {
  readonly windowMs: number
  readonly #limiter: Limiter
  readonly #options: StoreOptions
  readonly #untilAdmitted: boolean
  /** Counts denied requests. Made for the first. */
  #beyond: Limiter | undefined

  /**
   * @param options checked already: `checkStoreOptions`
   * @param untilAdmitted whether an admission, rather than the window, ends the count of denied requests
   * @throws {TypeError} {RangeError} for a window that a limiter cannot have
   */
  constructor(windowMs: number, options: StoreOptions, untilAdmitted = false) {
    this.#limiter = createLimiter({ ...options, limit: CEILING, windowMs })
    this.windowMs = windowMs
    this.#options = options
    this.#untilAdmitted = untilAdmitted
  }

  /** Decides by a limit, and counts. */
  take(key: string, limit: number): Hit {
    const decision = this.#limiter.check(key, { limit: accepted(limit) })
    if (!decision.allowed) return this.#denied(key, decision)
    if (this.#untilAdmitted) this.#beyond?.reset(key)
    return {
      hits: decision.limit - decision.remaining,
      waitMs: this.#wait(decision.resetMs),
      allowed: true,
      blocked: false,
    }
  }

  /** Counts before the limit is known. Who finds the hits above it calls `withdraw`. */
  claim(key: string): Hit {
    return this.take(key, CEILING)
  }

  /** Undoes a claim that was denied, and tells when it would be admitted. */
  withdraw(key: string, limit: number): Hit {
    this.#limiter.refund(key)
    return this.#denied(key, this.#limiter.peek(key, { limit: accepted(limit) }))
  }

  /** Tells where a key stands, without counting. */
  read(key: string, limit: number): Hit {
    const decision = this.#limiter.peek(key, { limit: accepted(limit) })
    const { allowed, resetMs, retryAfterMs } = decision
    const blocked = decision.reason === 'blocked'
    // Denied requests may be counted for longer than places are taken: who would be admitted has none above the limit.
    const hits = decision.limit - decision.remaining + (allowed ? 0 : this.#countBeyond(key))
    const waitMs = blocked ? finite(retryAfterMs) : this.#wait(allowed ? resetMs : retryAfterMs)
    return { hits, waitMs, allowed, blocked }
  }

  /**
   * Undoes a hit. Hosts do not tell whether it was admitted. As long as there are denied ones, one of them goes: places are
   * never given back for requests that took none.
   */
  undo(key: string): void {
    if (this.#countBeyond(key) > 0) this.#beyond?.refund(key)
    else this.#limiter.refund(key)
  }

  /** Denies everything for a key, for so long or for as long as it is blocked already. Tells how long. */
  block(key: string, ms: number): number {
    const { reason, retryAfterMs } = this.#limiter.peek(key)
    const waitMs = reason === 'blocked' ? Math.max(ms, retryAfterMs) : ms
    if (waitMs >= 1) this.#limiter.block(key, waitMs)
    return finite(waitMs)
  }

  /** Gives all places of a key back. */
  release(key: string): void {
    this.#limiter.refund(key, CEILING)
  }

  reset(key: string): void {
    this.#limiter.reset(key)
    this.#beyond?.reset(key)
  }

  clear(): void {
    this.#limiter.clear()
    this.#beyond?.clear()
  }

  close(): void {
    this.#limiter.close()
    this.#beyond?.close()
  }

  #denied(key: string, { limit, reason, retryAfterMs }: Decision): Hit {
    this.#beyond ??= createLimiter({
      ...this.#options,
      onFull: 'evict',
      limit: CEILING,
      windowMs: Math.min(this.windowMs * (this.#untilAdmitted ? WINDOWS_UNTIL_ADMITTED : 1), QUOTA_RANGES.windowMs.to),
    })
    this.#beyond.charge(key, 1)
    const blocked = reason === 'blocked'
    const waitMs = blocked ? finite(retryAfterMs) : this.#wait(retryAfterMs)
    return { hits: limit + Math.max(1, this.#countBeyond(key)), waitMs, allowed: false, blocked }
  }

  #countBeyond(key: string): number {
    return this.#beyond ? CEILING - this.#beyond.peek(key).remaining : 0
  }

  /** Not above the window by what rounding to ticks adds, nor for what is never admitted: rule 20. */
  #wait(ms: number): number {
    const { windowMs } = this
    return ms === Infinity ? Math.ceil(windowMs) : Math.ceil(withoutRounding(ms, windowMs))
  }
}

/** The hits in each of the windows that a host asks for. */
export class Windows {
  readonly #options: StoreOptions
  readonly #untilAdmitted: boolean
  readonly #all = new Map<number, Hits>()
  readonly #name: string

  /** @param name what the host calls a window, for messages */
  constructor(name: string, options: StoreOptions, untilAdmitted = false) {
    this.#name = name
    this.#options = options
    this.#untilAdmitted = untilAdmitted
  }

  /** @throws {TypeError} {RangeError} for a window that a limiter cannot have, and for too many different ones */
  of(windowMs: number): Hits {
    return this.#all.get(windowMs) ?? this.#add(windowMs)
  }

  clear(): void {
    for (const hits of this.#all.values()) hits.clear()
  }

  close(): void {
    for (const hits of this.#all.values()) hits.close()
  }

  #add(given: number): Hits {
    checkNumber(this.#name, given, { from: 0, to: Infinity })
    if (this.#all.size >= MOST_WINDOWS) {
      throw new RangeError(
        `${this.#name} must not be another for every request: there are ${MOST_WINDOWS} already, and each counts on its own`,
      )
    }
    const { from, to } = QUOTA_RANGES.windowMs
    const hits = new Hits(Math.min(Math.max(given, from), to), this.#options, this.#untilAdmitted)
    this.#all.set(given, hits)
    return hits
  }
}

/**
 * Checks options of a store: at once, and not when the host asks for the first window.
 *
 * @param more names of options that the store has beside
 * @throws {TypeError} {RangeError} for options that are not accepted
 */
export function checkStoreOptions(options: object, more: readonly string[] = []): StoreOptions {
  checkNames('options', options, [...OPTION_NAMES, ...more])
  const limiterOptions = Object.fromEntries(Object.entries(options).filter(([name]) => OPTION_NAMES.includes(name)))
  createLimiter(limiterOptions).close()
  return limiterOptions
}

/** Checks a limit of the host: any number, as it compares with any. */
export function checkLimit(name: string, limit: unknown): number {
  return checkNumber(name, limit, { from: -Infinity, to: Infinity })
}

/** A limit as limiters take it. Hits are whole, so rounding down changes no comparison. */
function accepted(limit: number): number {
  return Math.min(Math.max(Math.floor(limit), 0), CEILING)
}

/** Blocks of more than 139 years have no end, which hosts could not show. */
function finite(ms: number): number {
  return Math.min(Math.ceil(ms), Number.MAX_SAFE_INTEGER)
}
