const spillway = require('spillway')
const testTimers = require('./timers.cjs')

test('a limiter decides', async () => {
  for (const limiter of [spillway.createLimiter({ limit: 1 }), await spillway.loadLimiter({ limit: 1 })]) {
    expect([limiter.isAllowed('a'), limiter.isAllowed('a')]).toEqual([true, false])
  }
})

test('a module that Jest resets is loaded again', () => {
  jest.resetModules()
  const again = require('spillway')
  expect(again).not.toBe(spillway)
  expect(again.createLimiter().isAllowed('a')).toBe(true)
})

testTimers(spillway, { afterEach, describe, expect, jest, test })
