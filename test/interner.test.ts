/** The memo in front of the hash: which ids it keeps, and that it steps aside while it does not pay. */
import { expect, test } from 'vitest'
import { Core, SLOTS } from '../src/core.js'
import { Interner, LEFT_OUT, PERIOD } from '../src/interner.js'
import { settle } from '../src/options.js'
import { builds } from './builds.js'

/** The slot for a user who is not remembered. */
const PASSING = SLOTS - 1

function makeInterner(): { interner: Interner; handleIn: (slot: number) => string } {
  const core = new Core(builds[1].module, settle({}), 0)
  const handleIn = (slot: number) => `${core.views.slots[4 * slot]} ${core.views.slots[4 * slot + 1]}`
  return { interner: new Interner(core), handleIn }
}

/** Has ids resolved that were never seen and never come again. */
function flood(interner: Interner, count: number, name: string): void {
  for (let i = 0; i < count; i++) interner.resolve(`${name} ${i}`)
}

test('an id is remembered from the second time on', () => {
  const { interner } = makeInterner()
  expect(interner.resolve('someone')).toBe(PASSING)
  const slot = interner.resolve('someone')
  expect(slot).not.toBe(PASSING)
  expect(interner.resolve('someone')).toBe(slot)
  expect(interner.resolve(['some', 'one'].join(''))).toBe(slot)
})

test('an id that has been remembered outlives others that pass by', () => {
  const { interner } = makeInterner()
  for (let i = 0; i < 2; i++) interner.resolve('someone')
  flood(interner, PERIOD - 3, 'passing')
  expect(interner.resolve('someone')).not.toBe(PASSING)
})

test('the memo is left out while few ids come back, and is tried again', () => {
  const { interner, handleIn } = makeInterner()
  for (let i = 0; i < 2; i++) interner.resolve('someone')
  const handle = handleIn(interner.resolve('someone'))
  flood(interner, PERIOD - 2, 'first')
  for (let i = 0; i < LEFT_OUT; i++) {
    const slot = interner.resolve('someone')
    if (slot !== PASSING || handleIn(slot) !== handle) throw new Error(`slot ${slot} at ${i}`)
  }
  const slot = interner.resolve('someone')
  expect(slot).not.toBe(PASSING)
  expect(handleIn(slot)).toBe(handle)
})

test('the memo stays while ids come back', () => {
  const { interner } = makeInterner()
  for (let i = 0; i < 2; i++) interner.resolve('someone')
  for (let i = 0; i < 3 * PERIOD; i++) {
    flood(interner, 1, `passing ${i}`)
    if (interner.resolve('someone') === PASSING) throw new Error(`left out at ${i}`)
  }
})
