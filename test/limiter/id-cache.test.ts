/** The memo in front of the hash: which ids it keeps, and that it steps aside while it does not pay. */
import { expect, test } from 'vitest'
import { Core, SLOTS } from '../../src/limiter/core.js'
import { IdCache, LEFT_OUT, PERIOD } from '../../src/limiter/id-cache.js'
import { resolveOptions } from '../../src/limiter/options.js'
import { builds } from '../support/builds.js'

/** The slot for a user who is not remembered. */
const PASSING = SLOTS - 1

function makeIdCache(): { cache: IdCache; handleIn: (slot: number) => string } {
  const core = new Core(builds[1].module, resolveOptions({}), 0)
  const handleIn = (slot: number) => `${core.views.slots[4 * slot]} ${core.views.slots[4 * slot + 1]}`
  return { cache: new IdCache(core), handleIn }
}

/** Has ids resolved that were never seen and never come again. */
function flood(cache: IdCache, count: number, name: string): void {
  for (let i = 0; i < count; i++) cache.resolve(`${name} ${i}`)
}

test('an id is remembered from the second time on', () => {
  const { cache } = makeIdCache()
  expect(cache.resolve('someone')).toBe(PASSING)
  const slot = cache.resolve('someone')
  expect(slot).not.toBe(PASSING)
  expect(cache.resolve('someone')).toBe(slot)
  expect(cache.resolve(['some', 'one'].join(''))).toBe(slot)
})

test('an id that has been remembered outlives others that pass by', () => {
  const { cache } = makeIdCache()
  for (let i = 0; i < 2; i++) cache.resolve('someone')
  flood(cache, PERIOD - 3, 'passing')
  expect(cache.resolve('someone')).not.toBe(PASSING)
})

test('the memo is left out while few ids come back, and is tried again', () => {
  const { cache, handleIn } = makeIdCache()
  for (let i = 0; i < 2; i++) cache.resolve('someone')
  const handle = handleIn(cache.resolve('someone'))
  flood(cache, PERIOD - 2, 'first')
  for (let i = 0; i < LEFT_OUT; i++) {
    const slot = cache.resolve('someone')
    if (slot !== PASSING || handleIn(slot) !== handle) throw new Error(`slot ${slot} at ${i}`)
  }
  const slot = cache.resolve('someone')
  expect(slot).not.toBe(PASSING)
  expect(handleIn(slot)).toBe(handle)
})

test('the memo stays while ids come back', () => {
  const { cache } = makeIdCache()
  for (let i = 0; i < 2; i++) cache.resolve('someone')
  for (let i = 0; i < 3 * PERIOD; i++) {
    flood(cache, 1, `passing ${i}`)
    if (cache.resolve('someone') === PASSING) throw new Error(`left out at ${i}`)
  }
})
