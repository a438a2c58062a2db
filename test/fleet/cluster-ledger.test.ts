/** The store in the primary, judged by the oracle on the traces that judge the script, and by a plain model where processes report. */
import { expect, test } from 'vitest'
import { LedgerAnswer } from '../../src/fleet/cluster/ledger-answer.js'
import { Ledger } from '../../src/fleet/cluster/ledger.js'
import type { FleetStore } from '../../src/fleet/store.js'
import { manualClock } from '../../src/index.js'
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
