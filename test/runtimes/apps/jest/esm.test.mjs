import { createRequire } from 'node:module'
import { jest } from '@jest/globals'
import * as spillway from 'spillway'

const testTimers = createRequire(import.meta.url)('./timers.cjs')

test('a limiter decides', async () => {
  for (const limiter of [spillway.createLimiter({ limit: 1 }), await spillway.loadLimiter({ limit: 1 })]) {
    expect([limiter.isAllowed('a'), limiter.isAllowed('a')]).toEqual([true, false])
  }
})

testTimers(spillway, { afterEach, describe, expect, jest, test })
