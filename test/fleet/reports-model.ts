/**
 * A plain model of a store to which processes report: it keeps the time of every place, tokens that may be less than none, and
 * neither ticks nor records. Random reports and questions judge stores by it.
 */
import { expect } from 'vitest'
import { seededWhole } from '../../bench/seeded-random.js'
import type { Activity, FleetStore, Verb } from '../../src/fleet/store.js'
import { NO_ACTIVITY } from '../../src/fleet/store.js'
import type { ManualClock, Quota } from '../../src/index.js'

/** The tokens, in thousandths, of a user who is active after a gap: it earns them where it is longer than the pace. */
export function earned({ limit, windowMs, capacity, refillPerSecond }: Quota, tokens: number, gapMs: number): number {
  return gapMs > windowMs / limit ? Math.min(capacity * 1000, tokens + gapMs * refillPerSecond) : tokens
}

/** The tokens, in thousandths, of a user never seen, so long after the limit began. */
export function unseen({ capacity, refillPerSecond }: Quota, ms: number): number {
  return Math.min(capacity * 1000, ms * refillPerSecond)
}

interface User {
  last: number
  tokens: number
  until: number
  times: number[]
}

type Said = [verdict: string, places: number, taken: number, tokens: number, resetMs: number]

/** Times are milliseconds since the limit began. */
class Model {
  readonly users = new Map<string, User>()
  readonly #quota: Quota

  constructor(quota: Quota) {
    this.#quota = quota
  }

  ask(verb: Verb, userId: string, now: number, a: number, b: number, activity: Activity): Said {
    const { limit, windowMs } = this.#quota
    const user = this.#after(userId, now, activity)
    if (user === undefined && (verb === 'report' || verb === 'refund' || verb === 'unblock')) {
      return ['admitted', 0, 0, this.#unseen(now), 0]
    }
    const it = user ?? { last: now, tokens: this.#unseen(now), until: -Infinity, times: [] }
    it.times = it.times.filter((time) => time > now - windowMs)
    const isBlocked = it.until > now
    const asks = () => {
      if (!isBlocked) it.tokens = this.#earned(it.tokens, now - it.last)
      it.last = now
    }
    let verdict = 'admitted'
    let places = 0
    if ((verb === 'decide' || verb === 'peek') && isBlocked) verdict = 'blocked'
    else if (verb === 'decide' || verb === 'peek') {
      asks()
      const base = Math.min(a, Math.max(0, b - it.times.length))
      if (a > base && (a - base) * 1000 > it.tokens) verdict = 'limit'
      else {
        places = a - base
        if (verb === 'decide') {
          for (let place = 0; place < base; place++) it.times.push(now)
          it.tokens -= places * 1000
        }
      }
    } else if (verb === 'charge') {
      asks()
      const base = Math.min(a, Math.max(0, limit - it.times.length))
      const burst = Math.min(a - base, Math.floor(Math.max(0, it.tokens) / 1000))
      for (let place = 0; place < base; place++) it.times.push(now)
      it.tokens -= burst * 1000
      places = a - base - burst
    } else if (verb === 'refund') {
      it.times.length = Math.max(0, it.times.length - a)
      it.tokens += Math.min(b * 1000, Math.max(0, this.#unseen(it.last) - it.tokens))
    } else if (verb === 'block') {
      verdict = 'blocked'
      asks()
      it.until = now + a
    } else if (verb === 'unblock' && isBlocked) {
      it.until = -Infinity
      it.last = now
    }
    if (verb !== 'peek') this.users.set(userId, it)
    const newest = it.times.at(-1)
    const resetMs = newest === undefined ? 0 : newest + windowMs - now
    return [verdict, places, Math.min(limit, it.times.length), it.until > now ? -1 : it.tokens, resetMs]
  }

  /** A copy of the user with what a process did. */
  #after(userId: string, now: number, { firstMs, lastMs, earnedMs, spent, placesMs }: Activity): User | undefined {
    const found = this.users.get(userId)
    const isNothing = firstMs < 0 && spent === 0 && placesMs.length === 0
    if (found === undefined && isNothing) return undefined
    const { refillPerSecond, capacity } = this.#quota
    const user = found
      ? // A block is activity until it ends.
        { ...found, times: [...found.times], last: Math.min(now, Math.max(found.last, found.until)) }
      : { last: firstMs < 0 ? now : -1, tokens: this.#unseen(now), until: -Infinity, times: [] }
    if (firstMs >= 0) {
      const isNext = now - firstMs >= user.last
      const from = Math.max(now - firstMs, user.last)
      if (user.until <= now) {
        user.tokens = found ? this.#earned(user.tokens, from - user.last) : this.#unseen(from)
        if (isNext) user.tokens = Math.min(capacity * 1000, user.tokens + earnedMs * refillPerSecond)
      }
      user.last = Math.max(from, now - lastMs)
    }
    user.tokens -= spent * 1000
    for (const ms of placesMs) {
      user.times.push(now - ms)
      user.last = Math.max(user.last, now - ms)
    }
    user.times.sort((one, other) => one - other)
    return user
  }

  #earned(tokens: number, gapMs: number): number {
    return earned(this.#quota, tokens, gapMs)
  }

  #unseen(time: number): number {
    return unseen(this.#quota, time)
  }
}

/** Puts random reports and questions to a store, and compares all that it answers with the model. */
export async function judgeReports(store: FleetStore, clock: ManualClock, quota: Quota, questions: number) {
  const whole = seededWhole(quota.limit + 1)
  const { limit: most, windowMs, capacity } = quota
  const limit = { name: `reports-${most}`, quota }
  await store.begin(limit)
  const origin = clock()
  const model = new Model(quota)
  const activity = (now: number): Activity => {
    if (whole(3) === 0) return NO_ACTIVITY
    const firstMs = Math.min(now, whole(whole(8) === 0 ? 2 * windowMs : Math.ceil(windowMs / 3)))
    const lastMs = whole(firstMs + 1)
    const placesMs = Array.from({ length: whole(5) }, () => lastMs + whole(firstMs - lastMs + 1))
    placesMs.sort((one, other) => other - one)
    // A process whose limit has no tokens does not tell when the user asked.
    if (capacity === 0) return { ...NO_ACTIVITY, placesMs }
    return { firstMs, lastMs, earnedMs: whole(firstMs - lastMs + 1), spent: whole(4) === 0 ? whole(3) : 0, placesMs }
  }
  let debts = 0
  let excesses = 0
  for (let step = 0; step < questions; step++) {
    const kind = whole(100)
    if (kind < 60) clock.advance(whole(3))
    else if (kind < 97) clock.advance(whole(Math.ceil((6 * windowMs) / most)))
    else clock.advance(kind === 97 ? windowMs : whole(6 * windowMs))
    const now = clock() - origin
    const userId = `user ${whole(4)}`
    const dice = whole(100)
    const kept = model.users.get(userId)
    let [verb, a, b]: [Verb, number, number] = ['report', 0, 0]
    if (dice < 50) [verb, a, b] = ['decide', dice < 40 ? 1 : 1 + whole(Math.floor(most + capacity)), most]
    else if (dice < 60) [verb, a, b] = ['peek', 1 + whole(3), most]
    else if (dice < 63) [verb, a] = ['charge', whole(most)]
    // What stands above the limit is not kept, so places that are given back come off the rest.
    else if (dice < 67) [verb, a, b] = ['refund', (kept?.times.length ?? 0) + 5 > most ? 0 : whole(3), whole(3)]
    else if (dice === 67) [verb, a] = ['block', 1 + whole(windowMs)]
    else if (dice === 68) [verb, a] = ['unblock', 0]
    const meanwhile = activity(now)
    const expected = model.ask(verb, userId, now, a, b, meanwhile)
    const question = { verb, userId, a, b, activity: meanwhile, usefulMs: 0 }
    const answer = await store.ask(limit, question)
    const said: Said = [
      answer.verdict,
      answer.places,
      Math.min(most, answer.taken),
      expected[3] === -1 ? -1 : answer.tokens,
      answer.resetMs,
    ]
    if (JSON.stringify(said) !== JSON.stringify(expected)) {
      expect({ step, question, kept, said }).toEqual({ step, question, kept, said: expected })
    }
    if (expected[3] < -1) debts++
    if ((model.users.get(userId)?.times.length ?? 0) > most) excesses++
  }
  return { debts, excesses }
}
