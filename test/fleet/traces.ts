/** Random traces of questions, by which every store is judged in the same way. */
import { expect } from 'vitest'
import { seededWhole } from '../../bench/seeded-random.js'
import { Oracle } from '../../src/cli/stress/oracle.js'
import type { Answer, FleetStore, SharedLimit, Verb } from '../../src/fleet/store.js'
import { NO_ACTIVITY } from '../../src/fleet/store.js'
import type { ManualClock, Quota } from '../../src/index.js'

/** Under which limits: whole milliseconds are whole ticks of all of them. */
export const TRACE_QUOTAS: Quota[] = [
  { limit: 5, windowMs: 1000, capacity: 3, refillPerSecond: 1 },
  { limit: 50, windowMs: 1000, capacity: 100, refillPerSecond: 1 },
  { limit: 3, windowMs: 3000, capacity: 2.5, refillPerSecond: 0.25 },
  { limit: 64, windowMs: 500, capacity: 0, refillPerSecond: 0 },
  { limit: 40, windowMs: 10_000, capacity: 10, refillPerSecond: 4 },
]

/**
 * Asks a store what the oracle is asked, and compares all that it answers.
 *
 * @param clock what the store takes for the time when it is asked
 * @param questions how many are judged at least
 */
export async function judge(store: FleetStore, clock: ManualClock, quota: Quota, questions: number): Promise<void> {
  const limit: SharedLimit = { name: `trace-${quota.limit}`, quota }
  const whole = seededWhole(quota.limit)
  await store.begin(limit)
  const origin = clock()
  const oracle = new Oracle(quota)
  const { limit: most, windowMs, capacity } = quota
  let checked = 0
  while (checked < questions) {
    const answers: Promise<Answer>[] = []
    const expected: unknown[] = []
    const seen: ((answer: Answer) => unknown)[] = []
    for (let step = 0; step < 2000; step++) {
      // Mostly fast, at times a pause, at times just a window.
      const kind = whole(100)
      if (kind < 60) clock.advance(whole(2))
      else if (kind < 90) clock.advance(whole(Math.ceil((4 * windowMs) / most)))
      else if (kind < 97) clock.advance(whole(windowMs))
      else clock.advance(kind === 97 ? windowMs : whole(20 * windowMs))
      const userId = `user ${whole(5)}`
      const time = clock() - origin
      const ask = (verb: Verb, a: number, b: number) =>
        answers.push(store.ask(limit, { verb, userId, a, b, activity: NO_ACTIVITY, usefulMs: 0 }))
      const dice = whole(200)
      if (dice < 190) {
        const cost = dice < 150 ? 1 : 1 + whole(Math.floor(most + capacity))
        const within = dice < 175 ? most : whole(most + 1)
        const verb = dice % 10 === 0 ? 'peek' : 'decide'
        ask(verb, cost, within)
        const isBlocked = oracle.blockedUntil(userId) > time
        const verdict =
          verb === 'peek' ? oracle.peek(userId, time, cost, within) : oracle.decide(userId, time, cost, within)
        expected.push([
          verdict.allowed ? 'admitted' : isBlocked ? 'blocked' : 'limit',
          verdict.burst,
          oracle.taken(userId, time),
          oracle.resetMs(userId, time),
          // A block answers before anything is reckoned.
          isBlocked ? -1 : oracle.thousandths(userId, time),
        ])
        seen.push(({ verdict: said, places, taken, resetMs, tokens }) => [
          said,
          places,
          taken,
          resetMs,
          isBlocked ? -1 : tokens,
        ])
      } else if (dice < 194) {
        const [base, burst] = [whole(4), whole(3)]
        ask('refund', base, burst)
        oracle.refund(userId, time, base + burst, burst)
        expected.push(oracle.taken(userId, time))
        seen.push(({ taken }) => taken)
      } else if (dice < 197) {
        const cost = whole(2 * most)
        ask('charge', cost, 0)
        const untaken = oracle.charge(userId, time, cost)
        expected.push([untaken, oracle.taken(userId, time)])
        seen.push(({ places, taken }) => [places, taken])
      } else if (dice === 197) {
        const ms = 1 + whole(3 * windowMs)
        ask('block', ms, 0)
        oracle.block(userId, time, ms)
        expected.push('blocked')
        seen.push(({ verdict }) => verdict)
      } else if (dice === 198) {
        ask('unblock', 0, 0)
        oracle.unblock(userId, time)
        expected.push('admitted')
        seen.push(({ verdict }) => verdict)
      } else {
        store.reset(limit, userId)
        oracle.reset(userId)
      }
    }
    const given = (await Promise.all(answers)).map((answer, index) => seen[index]!(answer))
    for (const [index, said] of given.entries()) {
      if (JSON.stringify(said) !== JSON.stringify(expected[index])) {
        expect({ index, said }).toEqual({ index, said: expected[index] })
      }
    }
    checked += given.length
    for (const user of oracle.users) oracle.forget(user, clock() - origin - 2 * windowMs)
  }
  expect(checked).toBeGreaterThanOrEqual(questions)
}
