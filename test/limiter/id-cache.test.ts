/** The memo in front of the hash: which ids it keeps, that it grows by need, and that it steps aside where it does not pay. */
import { expect, test } from 'vitest'
import { PASSING } from '../../src/limiter/abi.js'
import { Core } from '../../src/limiter/core.js'
import { IdCache, LEFT_OUT, PERIOD } from '../../src/limiter/id-cache.js'
import { resolveOptions } from '../../src/limiter/options.js'
import { builds } from '../support/builds.js'

/** Slots of the largest memo. */
const LARGEST = 32_768

function makeIdCache({ maxUsers = 1_000_000, warm = true } = {}) {
  const core = new Core(builds[1].module, resolveOptions({})).start(0)
  const handleIn = (slot: number) => `${core.abi.handleLow(slot)} ${core.abi.handleHigh(slot)}`
  const cache = new IdCache(core, maxUsers)
  // Misses come to twice the slots of each memo until it is the largest.
  if (warm) flood(cache, 16 + 2 * (LARGEST - 256), 'warming')
  return { cache, handleIn, core }
}

/** Has ids resolved that were never seen and never come again. */
function flood(cache: IdCache, count: number, name: string): void {
  for (let i = 0; i < count; i++) cache.resolve(`${name} ${i}`)
}

test('there is no memo before there is use for one, and a small one then', () => {
  const { cache, core } = makeIdCache({ warm: false })
  const { memoryBytes } = core.statistics()
  for (let i = 0; i < 15; i++) expect(cache.resolve('someone')).toBe(PASSING)
  expect(core.statistics().memoryBytes).toBe(memoryBytes)
  for (let i = 0; i < 1000; i++) cache.resolve(`user_${i % 50}`)
  // 256 slots of 16 bytes, and one.
  expect(core.statistics().memoryBytes).toBe(memoryBytes + 2 * 4096)
})

test('the memo grows while ids do not find room in it, up to four slots for each user that there may be', () => {
  const slotsUsed = (maxUsers: number) => {
    const { cache } = makeIdCache({ maxUsers, warm: false })
    let highest = 0
    for (let i = 0; i < 60_000; i++) {
      cache.resolve(`user_${i}`)
      highest = Math.max(highest, cache.resolve(`user_${i}`))
    }
    return highest
  }
  expect(slotsUsed(1_000_000)).toBeGreaterThan(LARGEST * 0.9)
  expect(slotsUsed(1000)).toBeGreaterThan(3500)
  expect(slotsUsed(1000)).toBeLessThanOrEqual(4096)
  expect(slotsUsed(1)).toBeLessThanOrEqual(256)
})

test('whatever the memo does, every slot has the handle of its id', () => {
  const { cache, handleIn } = makeIdCache({ warm: false })
  const { cache: other, handleIn: handleInOther } = makeIdCache({ warm: false })
  const handles = new Map<string, string>()
  for (let i = 0; i < 100_000; i++) {
    const id = `user_${(i * i) % 3001}${i % 2 ? '_with_a_longer_name' : ''}`
    const handle = handleIn(cache.resolve(id))
    if ((handles.get(id) ?? handle) !== handle) throw new Error(`${id} at ${i}`)
    handles.set(id, handle)
  }
  // Different keys, so different handles.
  expect(handleInOther(other.resolve('user_0'))).not.toBe(handles.get('user_0'))
})

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

test('the largest memo is left out while few ids come back, and is tried again', () => {
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

test('the memo of another instance starts small, and grows again', () => {
  const { core } = makeIdCache({ warm: false })
  let cache = new IdCache(core, 1_000_000)
  const pass = (count: number) => {
    let hits = 0
    for (let i = 0; i < count; i++) if (cache.resolve(`user_${i % 1000}`) !== PASSING) hits++
    return hits / count
  }
  pass(110_000)
  for (let round = 0; round < 3; round++) {
    cache = new IdCache(core.successor(), 1_000_000)
    expect(pass(50_000)).toBeGreaterThan(0.7)
  }
})

test('slots of a size that an instance had before take no more memory', () => {
  const { core } = makeIdCache({ warm: false })
  const touched: number[] = []
  for (let round = 0; round < 4; round++) {
    flood(new IdCache(core, 1_000_000), 70_000, `round ${round}`)
    touched.push(core.statistics().touchedBytes)
  }
  expect(touched).toEqual(Array(4).fill(touched[0]))
})

test('the memo stays while ids come back', () => {
  const { cache } = makeIdCache()
  for (let i = 0; i < 2; i++) cache.resolve('someone')
  for (let i = 0; i < 3 * PERIOD; i++) {
    flood(cache, 1, `passing ${i}`)
    if (cache.resolve('someone') === PASSING) throw new Error(`left out at ${i}`)
  }
})
