/**
 * The judge: holds each decision of a limiter to the oracle, which is told what the limiter really took. So a verdict
 * never depends on another, and any quota on any clock is judged by the same two comparisons.
 */
import type { Decision, Quota } from '../../limiter/index.js'
import { TICKS } from '../../limiter/index.js'
import { Oracle } from './oracle.js'

/** A decision that the rules do not permit. */
export interface WrongDecision {
  readonly user: string
  /** Milliseconds since the limiter was loaded. */
  readonly timeMs: number
  readonly allowed: boolean
  readonly cost: number
  readonly fromBurst: number
  /** Free base places: those that are surely free, and those that are free by the rules. */
  readonly freePlaces: { readonly least: number; readonly most: number }
  readonly tokens: number
}

/** What the judge found. */
export interface Judgement {
  /** Decisions that gave more than the rules permit, and those that gave less. */
  readonly tooMuch: number
  readonly tooLittle: number
  /** The first of them. */
  readonly firstWrong: readonly WrongDecision[]
}

const SHOWN = 5

/** From this many admissions in a window on, a limiter may remember several by one time. */
const EXACT_ADMISSIONS = 64

/**
 * How much later than the rules say a place may come back at most, in milliseconds. Rule 19 of the limiter: an
 * admission is rounded up to a whole tick and the present down, which is less than two ticks. Under a limit of up to 64
 * that is all. Above, admissions beyond the first 64 in the window are remembered together with later ones, those of no
 * more than a 31st of the window.
 */
export function latestReturnMs({ limit, windowMs }: Quota): number {
  const ticks = (2 * windowMs) / TICKS
  return limit <= EXACT_ADMISSIONS ? ticks : ticks + windowMs / 31
}

/**
 * What rounding of floating-point numbers may do to a time, as a part of it. A clock's fractions are rounded when times
 * become ticks, so at the very edge of a window a limiter may see a time off by its last bits.
 */
const TIME_ROUNDING = 4 * Number.EPSILON

/** What rounding may do to a number of tokens: fixed, and as a part of the capacity. */
const TOKEN_ROUNDING = 1e-6
const CAPACITY_ROUNDING = 1e-9

export class Judge {
  readonly #oracle: Oracle
  readonly #quota: Quota
  readonly #lateMs: number
  readonly #nearTokens: number
  readonly #firstWrong: WrongDecision[] = []
  #tooMuch = 0
  #tooLittle = 0

  constructor(quota: Quota) {
    this.#oracle = new Oracle(quota)
    this.#quota = quota
    this.#lateMs = latestReturnMs(quota)
    this.#nearTokens = TOKEN_ROUNDING + CAPACITY_ROUNDING * quota.capacity
  }

  get findings(): Judgement {
    return { tooMuch: this.#tooMuch, tooLittle: this.#tooLittle, firstWrong: this.#firstWrong }
  }

  /** How many tokens the rules give a user at `time`. */
  tokens(user: string, time: number): number {
    return this.#oracle.thousandths(user, time) / 1000
  }

  /** Whether a number of tokens is what the rules give a user at `time`. */
  agreesOnTokens(user: string, time: number, tokens: number): boolean {
    return Math.abs(tokens - this.tokens(user, time)) <= this.#nearTokens
  }

  /**
   * Judges a decision. Decisions are to come in the order in which they were made.
   *
   * @param time when the limiter decided, in milliseconds since it was loaded, by the limiter's own clock
   */
  judge(user: string, time: number, { allowed, fromBurst }: Pick<Decision, 'allowed' | 'fromBurst'>, cost = 1): void {
    const base = allowed ? cost - fromBurst : 0
    const { limit } = this.#quota
    const rounding = time * TIME_ROUNDING
    const most = Math.max(0, limit - this.#oracle.taken(user, time, -rounding))
    const least = Math.max(0, limit - this.#oracle.taken(user, time, this.#lateMs + rounding))
    const tokens = this.tokens(user, time)
    // Whole tokens are of a full capacity, less whole tokens spent: nothing was rounded.
    const near = Number.isInteger(tokens) ? 0 : this.#nearTokens
    const tooMuch = base > most || fromBurst > Math.max(0, tokens + near)
    const tokensNeeded = Math.max(0, cost - least)
    const tooLittle = allowed ? fromBurst > tokensNeeded : tokensNeeded <= Math.max(0, tokens - near)
    if (tooMuch) this.#tooMuch++
    else if (tooLittle) this.#tooLittle++
    if ((tooMuch || tooLittle) && this.#firstWrong.length < SHOWN) {
      this.#firstWrong.push({ user, timeMs: time, allowed, cost, fromBurst, freePlaces: { least, most }, tokens })
    }
    this.#oracle.record(user, time, { base, burst: fromBurst })
    this.#oracle.forget(user, time - 2 * this.#quota.windowMs)
  }
}
