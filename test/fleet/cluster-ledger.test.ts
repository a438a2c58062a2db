/** The store in the primary, judged by the oracle on the traces that judge the script, and by a plain model where processes report. */
import { expect, test } from 'vitest'
import { Ledger } from '../../src/fleet/cluster/ledger.js'
import { LedgerAnswer } from '../../src/fleet/cluster/ledger-answer.js'
import type { FleetStore } from '../../src/fleet/store.js'
import { manualClock } from '../../src/index.js'
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
