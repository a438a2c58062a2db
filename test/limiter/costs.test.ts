/**
 * A guard against a slower decision path that needs no clock: the operations of a fixed trace, within a tolerance of
 * those on record in `costs.json`. After a change that is meant, `UPDATE_COSTS=1 npx vitest run test/limiter/costs.test.ts`
 * records anew, and the diff shows what the change costs.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { PASSING, SCRATCH } from '../../src/limiter/abi.js'
import type { Costs } from './costs.js'
import { CountedCore } from './costs.js'

/** Counts may differ by this part from those on record. */
const TOLERANCE = 0.03

const RECORD = new URL('./costs.json', import.meta.url)

const USERS = 20_000

/** Users who are remembered, in slots 1 to this. */
const REMEMBERED = 1000

/** Runs the trace: a table of 20,000 users under a fixed key, and each kind of decision on it. */
function run(): Record<string, Costs> {
  const core = new CountedCore()
  const { abi } = core
  abi.init(100_000, 50, 1000, 100, 1, 0, 0)
  abi.setKey(1, 2, 3, 4)
  abi.setSlots(REMEMBERED)
  /** Hashes the id of a user, of 36 bytes, to a slot. */
  const hash = (user: number, slot: number) => {
    // A fresh view each time, since memory grows.
    const bytes = new Uint8Array(abi.memory.buffer, SCRATCH, 64)
    new TextEncoder().encodeInto(`123e4567-e89b-42d3-a456-${String(user).padStart(12, '0')}`, bytes)
    abi.begin(0)
    abi.remember(slot, 36)
  }
  const costs: Record<string, Costs> = {}
  costs['hash an id of 36 characters'] = core.average(1000, (i) => hash(i, PASSING))
  const decide = (user: number, now: number) => {
    hash(user, PASSING)
    return core.average(1, () => abi.decide(PASSING, now, 1, 50))
  }
  const each = (times: number, one: (index: number) => Costs): Costs => {
    const all = Array.from({ length: times }, (_, index) => one(index))
    const mean = (name: keyof Costs) => Math.round((100 * all.reduce((sum, cost) => sum + cost[name], 0)) / times) / 100
    return { steps: mean('steps'), loads: mean('loads'), stores: mean('stores'), lines: mean('lines') }
  }
  costs['a user never seen, splits included'] = each(USERS, (i) => decide(i, 0))
  costs['a user known, by probing'] = each(USERS, (i) => decide(i, 10))
  for (let slot = 1; slot <= REMEMBERED; slot++) {
    hash(slot, slot)
    abi.decide(slot, 20, 1, 50)
  }
  costs['a user remembered, admitted from the inline ring'] = core.average(REMEMBERED, (i) =>
    abi.decide(i + 1, 30, 1, 50),
  )
  for (let slot = 1; slot <= REMEMBERED; slot++) abi.decide(slot, 40, 46, 50)
  costs['a user remembered, denied'] = core.average(REMEMBERED, (i) => abi.decide(i + 1, 50, 1, 50))
  for (let slot = 1; slot <= REMEMBERED; slot++)
    for (let now = 1040; now < 2040; now += 20) abi.decide(slot, now, 1, 50)
  costs['a user remembered, admitted from a block, one place come back'] = core.average(REMEMBERED, (i) =>
    abi.decide(i + 1, 2040, 1, 50),
  )
  costs['sweep a page of users who stay'] = core.average(200, () => abi.sweep(2041, 1, 5000))
  abi.restartSweep()
  costs['sweep a page of users who go'] = core.average(200, () => abi.sweep(200_000, 1, 5000))
  return costs
}

test('decisions cost what is on record', () => {
  const costs = run()
  if (process.env.UPDATE_COSTS) writeFileSync(RECORD, `${JSON.stringify(costs, undefined, 2)}\n`)
  const recorded = JSON.parse(readFileSync(RECORD, 'utf8')) as Record<string, Costs>
  expect(Object.keys(costs)).toEqual(Object.keys(recorded))
  // All of them in one failure, for a change seldom moves one count alone.
  const differences = Object.entries(costs).flatMap(([name, cost]) =>
    (Object.entries(cost) as [keyof Costs, number][])
      .map(([count, value]) => ({ count, value, before: recorded[name][count] }))
      .filter(({ value, before }) => !(Math.abs(value - before) <= TOLERANCE * before))
      .map(({ count, value, before }) => `${name}: ${value} ${count}, ${before} on record`),
  )
  expect(differences).toEqual([])
}, 60_000)
