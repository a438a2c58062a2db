/** The store in the primary, judged by the oracle on the traces that judge the script, and by a plain model where processes report. */
import { expect, test } from 'vitest'
import { seededRandom } from '../../bench/seeded-random.js'
import { clusterStore, serveFleet } from '../../src/fleet/cluster/index.js'
import { loadFleetLimiter } from '../../src/fleet/index.js'
import { Ledger } from '../../src/fleet/ledger/ledger.js'
import { LedgerAnswer } from '../../src/fleet/ledger/ledger-answer.js'
import type { FleetStore } from '../../src/fleet/store.js'
import { NO_ACTIVITY } from '../../src/fleet/store.js'
import { manualClock } from '../../src/index.js'
import { expectSame } from '../support/same.js'
import { judgeReports } from './reports-model.js'
import { judge, TRACE_QUOTAS } from './traces.js'

const DECISIONS = process.env.CI ? 1_000_000 : 40_000

/** The ledger as a store whose answers go through JSON. */
function storeOf(ledger: Ledger): FleetStore {
  return {
    begin: async (limit) => ledger.begin(limit),
    ask: async (limit, question) =>
      new LedgerAnswer(JSON.parse(JSON.stringify(ledger.ask(limit, question))), limit.quota),
    reset: async (limit, userId) => ledger.reset(limit, userId),
  }
}

test.each(TRACE_QUOTAS)('decides as the oracle does: %o', async (quota) => {
  const clock = manualClock(1_000_000)
  const ledger = new Ledger({ clock })
  await judge(storeOf(ledger), clock, quota, DECISIONS / TRACE_QUOTAS.length)
  ledger.close()
})

test.each(TRACE_QUOTAS)('takes over what processes did as the model does: %o', async (quota) => {
  const clock = manualClock(1_000_000)
  const ledger = new Ledger({ clock })
  const { debts, excesses } = await judgeReports(storeOf(ledger), clock, quota, DECISIONS / TRACE_QUOTAS.length)
  // The trace gets to both.
  if (quota.capacity > 0) expect(debts).toBeGreaterThan(10)
  if (quota.limit < 10) expect(excesses).toBeGreaterThan(10)
  ledger.close()
})

const ask = { verb: 'decide', userId: 'user', a: 1, b: 0, activity: NO_ACTIVITY, usefulMs: 0 } as const

test('a limit above 64: many places are counted, and come back no earlier than they may', async () => {
  const clock = manualClock()
  const store = storeOf(new Ledger({ clock }))
  const quota = { limit: 1000, windowMs: 1000, capacity: 0, refillPerSecond: 0 }
  const limit = { name: 'large', quota }
  await store.begin(limit)
  let times: number[] = []
  for (let step = 0; step < 3000; step++) {
    clock.advance(1)
    const report = step % 3 === 0 ? { ...NO_ACTIVITY, placesMs: [2, 1, 0].filter((ms) => ms <= clock()) } : NO_ACTIVITY
    times.push(...report.placesMs.map((ms) => clock() - ms))
    const answer = await store.ask(limit, { ...ask, b: 1000, activity: report })
    if (answer.verdict === 'admitted') times.push(clock())
    times = times.filter((time) => time > clock() - 2000)
    const held = (windowMs: number) => times.filter((time) => time > clock() - windowMs).length
    expect(answer.taken).toBeGreaterThanOrEqual(Math.min(1000, held(1000)))
    // A 31st of the window late at most.
    expect(answer.taken).toBeLessThanOrEqual(held(1000 * (1 + 1 / 31) + 1))
  }
})

test('users are as many as they may be, and the others are forgotten', () => {
  const ledger = new Ledger({ maxUsers: 200 })
  const limit = { name: 'api', quota: TRACE_QUOTAS[0] }
  const spent = { ...NO_ACTIVITY, firstMs: 1, lastMs: 1, spent: 2, placesMs: [1, 1] }
  for (let user = 0; user < 5000; user++) ledger.ask(limit, { ...ask, userId: `user ${user}`, activity: spent })
  for (let user = 0; user < 5000; user++)
    ledger.ask(limit, { ...ask, verb: 'peek', userId: `u${user}`, activity: spent })
  expect(ledger.users).toBeLessThanOrEqual(200)
  expect(ledger.users).toBeGreaterThan(100)
  ledger.close()
  expect(ledger.users).toBe(0)
})

test('limits have a bound, too', () => {
  const ledger = new Ledger()
  for (let name = 0; name < 1000; name++) ledger.begin({ name: `${name}`, quota: TRACE_QUOTAS[0] })
  expect(() => ledger.begin({ name: 'more', quota: TRACE_QUOTAS[0] })).toThrow('There are 1000 limits already')
  ledger.close()
})

test('times of places do not come back early on a clock of fractions', async () => {
  const clock = manualClock(0.123)
  const store = storeOf(new Ledger({ clock }))
  const limit = { name: 'api', quota: { limit: 3, windowMs: 977, capacity: 0, refillPerSecond: 0 } }
  await store.begin(limit)
  const random = seededRandom(7)
  let times: number[] = []
  for (let step = 0; step < 20_000; step++) {
    clock.advance(random() * 300)
    const placesMs = [random() * 20, random() * 3].filter(() => random() < 0.2)
    times.push(...placesMs.map((ms) => clock() - ms))
    const held = (windowMs: number) => times.filter((time) => time > clock() - windowMs).length
    const [least, most] = [held(977 - 1e-6), held(977 + (2 * 977) / 30_000)]
    const { verdict } = await store.ask(limit, { ...ask, b: 3, activity: { ...NO_ACTIVITY, placesMs } })
    if (verdict === 'admitted') {
      expectSame(least < 3, true, `step ${step}: admitted early, ${least} were taken`)
      times.push(clock())
    } else expectSame(most >= 3, true, `step ${step}: denied, no more than ${most} were taken`)
    times = times.filter((time) => time > clock() - 2000)
  }
})

test('a limiter is not loaded for a quota that is another than that of the limit', async () => {
  using server = serveFleet()
  const load = (limit: number) => loadFleetLimiter({ store: clusterStore(), name: 'one', limit, processes: 2 })
  ;(await load(5)).close()
  await expect(load(6)).rejects.toThrow(/has limit 5 in the store, not 6/)
  expect(server).toBeDefined()
})
