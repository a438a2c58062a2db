/**
 * The oracle: what the rules permit, in the plainest way. It keeps the time of every admission of every user, and knows
 * neither ticks nor pages nor sweeps. Where it and the limiter differ, the limiter is wrong. The stress run and the
 * tests hold the limiter to it.
 *
 * Tokens are counted in thousandths, since thousandths a millisecond are tokens a second: whole numbers wherever the
 * clock's readings and the refill are.
 */
import type { Quota } from '../../limiter/index.js'

/** What of a request was taken from the base quota and what from the tokens; none of either: denied. */
interface Verdict {
  allowed: boolean
  base: number
  burst: number
}

interface History {
  /** When places were taken on the base quota, oldest first. */
  times: number[]
  /** How many places were taken by each of these times in all, and by those that were dropped. */
  totals: number[]
  dropped: number
  last: number
  thousandths: number
  /** When the user's block ends: until then it is as if the user asked all the time. -Infinity: never blocked. */
  blockedUntil: number
}

/** A request that has to meet one of several limits at once. */
interface Part {
  oracle: Oracle
  id: string
  time: number
  cost: number
  limit: number
}

export class Oracle {
  readonly #quota: Quota
  readonly #users = new Map<string, History>()

  constructor(quota: Quota) {
    this.#quota = quota
  }

  /** Decides a request at `time`, in milliseconds since loading, and remembers it. */
  decide(id: string, time: number, cost = 1, limit = this.#quota.limit): Verdict {
    const verdict = this.peek(id, time, cost, limit)
    this.record(id, time, verdict)
    return verdict
  }

  /** What `decide` would say. */
  peek(id: string, time: number, cost = 1, limit = this.#quota.limit): Verdict {
    const base = Math.min(cost, this.free(id, time, limit))
    const burst = cost - base
    if (this.blockedUntil(id) > time || burst * 1000 > this.thousandths(id, time))
      return { allowed: false, base: 0, burst: 0 }
    return { allowed: true, base, burst }
  }

  /** Remembers a request and what was taken for it. */
  record(id: string, time: number, { base, burst }: { base: number; burst: number }): void {
    const thousandths = this.thousandths(id, time) - burst * 1000
    const user = this.#users.get(id)
    if (!user) {
      const [times, totals] = base > 0 ? [[time], [base]] : [[], []]
      this.#users.set(id, { times, totals, dropped: 0, last: time, thousandths, blockedUntil: -Infinity })
      return
    }
    user.last = time
    user.thousandths = thousandths
    if (base === 0) return
    user.times.push(time)
    user.totals.push((user.totals.at(-1) ?? user.dropped) + base)
  }

  /** Takes so many places, or as many as there are. Gives how many there were not. */
  charge(id: string, time: number, cost: number): number {
    const base = Math.min(cost, this.free(id, time))
    const burst = Math.min(cost - base, Math.floor(this.thousandths(id, time) / 1000))
    this.record(id, time, { base, burst })
    return cost - base - burst
  }

  /** Undoes admissions: the newest base places in the window, and tokens, up to what one never seen then had. */
  refund(id: string, time: number, cost: number, fromBurst: number): void {
    const user = this.#users.get(id)
    if (!user) return
    let base = Math.min(cost - fromBurst, this.taken(id, time))
    while (base > 0) {
      const newest = user.totals.at(-1)! - (user.totals.at(-2) ?? user.dropped)
      const back = Math.min(base, newest)
      user.totals[user.totals.length - 1]! -= back
      base -= back
      if (back === newest) {
        user.times.pop()
        user.totals.pop()
      }
    }
    const since = Math.min(time, Math.max(user.last, user.blockedUntil))
    const spent = Math.max(0, this.#unseen(since) - user.thousandths)
    user.thousandths += Math.min(fromBurst * 1000, spent)
  }

  /** Denies everything until `ms` from now. */
  block(id: string, time: number, ms: number): void {
    this.record(id, time, { base: 0, burst: 0 })
    this.#users.get(id)!.blockedUntil = time + ms
  }

  unblock(id: string, time: number): void {
    if (this.blockedUntil(id) <= time) return
    const user = this.#users.get(id)!
    user.last = time
    user.blockedUntil = -Infinity
  }

  /** When the user's block ends; it may be over, and is -Infinity if there was none. */
  blockedUntil(id: string): number {
    return this.#users.get(id)?.blockedUntil ?? -Infinity
  }

  clear(): void {
    this.#users.clear()
  }

  /** Places taken in the window before `time`, or in one that is longer than the quota's by `lateMs`. */
  taken(id: string, time: number, lateMs = 0): number {
    const user = this.#users.get(id)
    if (!user || user.times.length === 0) return 0
    const before = countUpTo(user.times, time - (this.#quota.windowMs + lateMs))
    return user.totals.at(-1)! - (before > 0 ? user.totals[before - 1]! : user.dropped)
  }

  /** Free base places at `time`, under the quota's limit or that of a request. */
  free(id: string, time: number, limit = this.#quota.limit): number {
    return Math.max(0, limit - this.taken(id, time))
  }

  /** Tokens at `time`, in thousandths. CONTRIBUTING names all places that have this rule. */
  thousandths(id: string, time: number): number {
    const { limit, windowMs, capacity, refillPerSecond } = this.#quota
    const user = this.#users.get(id)
    if (!user) return this.#unseen(time)
    const gap = time - Math.max(user.last, user.blockedUntil)
    const earned = gap > windowMs / limit ? gap * refillPerSecond : 0
    return Math.min(capacity * 1000, user.thousandths + earned)
  }

  /** Milliseconds from `time` until the base window is empty. */
  resetMs(id: string, time: number): number {
    const latest = this.#users.get(id)?.times.at(-1) ?? -Infinity
    return Math.max(0, latest + this.#quota.windowMs - time)
  }

  reset(id: string): void {
    this.#users.delete(id)
  }

  /**
   * Whether the user is stale: not blocked, the window empty, and as many tokens as one never seen; and so from then on, since a whole
   * gap earns what one never seen gets meanwhile.
   */
  stale(id: string, time: number): boolean {
    if (this.blockedUntil(id) > time) return false
    return this.taken(id, time) === 0 && this.thousandths(id, time) >= this.#unseen(time)
  }

  /** The tokens that a user never seen has. */
  #unseen(time: number): number {
    return Math.min(this.#quota.capacity * 1000, time * this.#quota.refillPerSecond)
  }

  /** Milliseconds since the user last asked, or was blocked. */
  idleFor(id: string, time: number): number {
    return time - Math.max(this.#users.get(id)?.last ?? -Infinity, this.blockedUntil(id))
  }

  get users(): string[] {
    return [...this.#users.keys()]
  }

  /**
   * Drops a user's admissions up to `time`, for a run that is too long to keep them all and never again asks about a
   * window that reaches back so far. Waits until they are half of those kept, so that a request pays little for it.
   */
  forget(id: string, time: number): void {
    const user = this.#users.get(id)
    if (!user || !(user.times[user.times.length >> 1]! <= time)) return
    const outdated = countUpTo(user.times, time)
    user.dropped = user.totals[outdated - 1]!
    user.times.splice(0, outdated)
    user.totals.splice(0, outdated)
  }
}

/** How many of the times, in rising order, are no later than `time`. */
function countUpTo(times: readonly number[], time: number): number {
  let from = 0
  let to = times.length
  while (from < to) {
    const middle = (from + to) >> 1
    if (times[middle]! <= time) from = middle + 1
    else to = middle
  }
  return from
}

/**
 * Decides a request that has to meet all limits, of different users each: takes from all or from none, and is activity of all.
 * Gives whether each admits it.
 */
export function decideTogether(parts: readonly Part[]): boolean[] {
  const verdicts = parts.map(({ oracle, id, time, cost, limit }) => oracle.peek(id, time, cost, limit))
  const allowed = verdicts.every((verdict) => verdict.allowed)
  parts.forEach(({ oracle, id, time }, index) => {
    oracle.record(id, time, allowed ? verdicts[index]! : { base: 0, burst: 0 })
  })
  return verdicts.map((verdict) => verdict.allowed)
}
