/** The CommonJS build, and its company with the ESM build in one process: two copies that do not disturb each other. */
import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import type * as Spillway from '../../src/index.js'
import { manifest, ROOT } from './packed.js'

const require = createRequire(import.meta.url)
const cjs: typeof Spillway = require(manifest.name)
const esm: typeof Spillway = await import(`${ROOT}dist/index.mjs`)

test('require gives a limiter that decides', async () => {
  const clock = cjs.manualClock()
  const limiters = [
    await cjs.loadLimiter({ limit: 2, windowMs: 100, clock }),
    cjs.createLimiter({ limit: 2, windowMs: 100, clock }),
  ]
  for (const limiter of limiters) {
    expect([1, 2, 3].map(() => limiter.isAllowed('a'))).toEqual([true, true, false])
    limiter.close()
  }
})

test('other files of the package can be required', () => {
  expect(require(`${manifest.name}/package.json`).version).toBe(manifest.version)
  expect(require.resolve(`${manifest.name}/core.wasm`)).toBe(`${ROOT}dist/core.wasm`)
})

test('ESM and CommonJS in one process: own users, own memory, the same answers', async () => {
  const clock = esm.manualClock()
  const quota = { limit: 2, burst: { capacity: 3 }, clock }
  const fromEsm = await esm.loadLimiter(quota)
  const fromCjs = await cjs.loadLimiter(quota)
  clock.advance(1500)
  for (let i = 0; i < 5; i++) {
    const decision = fromEsm.check('a')
    expect(fromCjs.check('a')).toEqual(decision)
  }
  fromEsm.isAllowed('b')
  expect([fromEsm.stats().users, fromCjs.stats().users]).toEqual([2, 1])
  fromEsm.close()
  expect(fromCjs.isAllowed('c')).toBe(true)
  expect(() => fromEsm.isAllowed('c')).toThrow(/closed/)
  fromCjs.close()
})

test("either takes the other's clocks, and one compiled core", async () => {
  const module = new WebAssembly.Module(require('node:fs').readFileSync(require.resolve(`${manifest.name}/core.wasm`)))
  const clock = cjs.manualClock()
  for (const { createLimiter, coarseClock } of [esm, cjs]) {
    const limiter = createLimiter({ module, limit: 1, clock })
    expect([limiter.isAllowed('a'), limiter.isAllowed('a')]).toEqual([true, false])
    limiter.close()
    expect(coarseClock()()).toBeGreaterThan(0)
  }
})
