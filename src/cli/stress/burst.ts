/**
 * The burst scenario: a new user's tokens, the same after 3 idle seconds, a burst of requests at once, and the tokens
 * after 5 more idle seconds.
 */
import type { Quota } from '../../limiter/index.js'
import { loadLimiter, optionsFor } from '../../limiter/index.js'
import { startProgress } from '../terminal/progress.js'
import type { Judgement } from './judge.js'
import { Judge } from './judge.js'
import type { World } from './world.js'
import { WatchedClock } from './world.js'

const USER = 'burst_user'
const FIRST_IDLE_MS = 3000
const SECOND_IDLE_MS = 5000
const REDRAW_MS = 100

/** The burst asks for as many places more than the limit. */
const BEYOND_LIMIT = 20

/** Most requests that the burst makes; under a larger limit the first one takes the places that are left over. */
const MOST_REQUESTS = 100_000

/** Tokens seen, and those that the rules give. */
export interface TokenReport {
  readonly tokens: number
  readonly expected: number
  readonly passed: boolean
}

/** What the scenario saw, step by step. A step that an interruption prevented is left out. */
export interface BurstReport {
  readonly atOnce?: TokenReport
  readonly afterThree?: TokenReport
  readonly burst?: Judgement & {
    readonly places: number
    readonly requests: number
    /** Places admitted, and how many of them were paid for by tokens. */
    readonly allowed: number
    readonly fromBurst: number
    readonly tookMs: number
    readonly passed: boolean
  }
  readonly left?: TokenReport
  readonly afterFive?: TokenReport
  readonly passed: boolean
}

export async function runBurst(quota: Quota, world: World, signal?: AbortSignal): Promise<BurstReport> {
  const clock = new WatchedClock(world.clock)
  using limiter = await loadLimiter({
    ...optionsFor(quota),
    maxUsers: 1,
    clock: clock.read,
  })
  const judge = new Judge(quota)

  const look = (): TokenReport => {
    const tokens = limiter.getBurstAllowance(USER)
    const expected = judge.tokens(USER, clock.elapsed)
    return { tokens, expected, passed: judge.agreesOnTokens(USER, clock.elapsed, tokens) }
  }
  const ask = () => {
    const places = quota.limit + BEYOND_LIMIT
    const requests = Math.min(places, MOST_REQUESTS)
    let allowed = 0
    let fromBurst = 0
    const start = world.clock()
    for (let request = 0; request < requests; request++) {
      const cost = request === 0 ? places - requests + 1 : 1
      const decision = limiter.check(USER, cost)
      judge.judge(USER, clock.elapsed, decision, cost)
      if (decision.allowed) allowed += cost
      fromBurst += decision.fromBurst
    }
    const tookMs = world.clock() - start
    const { tooMuch, tooLittle } = judge.findings
    return { places, requests, allowed, fromBurst, tookMs, ...judge.findings, passed: tooMuch + tooLittle === 0 }
  }

  const progress = startProgress('burst scenario', FIRST_IDLE_MS + SECOND_IDLE_MS)
  const start = world.clock()
  const ticker = setInterval(() => progress.update(world.clock() - start), REDRAW_MS)
  try {
    const atOnce = look()
    await world.wait(FIRST_IDLE_MS, signal)
    if (signal?.aborted) return { atOnce, passed: atOnce.passed }
    const afterThree = look()
    const burst = ask()
    const left = look()
    await world.wait(SECOND_IDLE_MS, signal)
    const seen = { atOnce, afterThree, burst, left }
    const passed = Object.values(seen).every((step) => step.passed)
    if (signal?.aborted) return { ...seen, passed }
    const afterFive = look()
    return { ...seen, afterFive, passed: passed && afterFive.passed }
  } finally {
    clearInterval(ticker)
    progress.stop()
  }
}
