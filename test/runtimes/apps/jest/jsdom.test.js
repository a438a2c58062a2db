const spillway = require('spillway')
const testTimers = require('./timers.cjs')

test('this is jsdom', () => {
  expect(navigator.userAgent).toContain('jsdom')
})

test('a limiter decides', async () => {
  for (const limiter of [spillway.createLimiter({ limit: 1 }), await spillway.loadLimiter({ limit: 1 })]) {
    expect([limiter.isAllowed('Zoë'), limiter.isAllowed('Zoë')]).toEqual([true, false])
  }
})

testTimers(spillway, { afterEach, describe, expect, jest, test })
