/** Records of users that are written later than the core was last asked, and read after a block. */
import { expect, test } from 'vitest'
import { manualClock } from '../../src/index.js'
import { createLimiter } from '../../src/limiter/index.js'
import { readUser, writeUser } from '../../src/limiter/user-record.js'

const quota = { limit: 5, windowMs: 1000, burst: { capacity: 100, refillPerSecond: 1 } }
const record = { idleMs: 0, tokens: 0, blockedMs: 0, ages: [0, 0], counts: undefined, fraction: 0 }

test('a user is kept who asked later than the limiter knew of', () => {
  const clock = manualClock()
  const limiter = createLimiter({ ...quota, clock, sweepIntervalMs: 0 })
  limiter.peek('other')
  clock.advance(10)
  expect(writeUser(limiter, 'user', record)).toBe(true)
  expect(limiter.peek('user').remaining).toBe(3)
})

test('a user is kept whose places are newer than the last request that the record tells', () => {
  const clock = manualClock()
  const limiter = createLimiter({ ...quota, clock, sweepIntervalMs: 0 })
  clock.advance(2000)
  expect(writeUser(limiter, 'user', { ...record, idleMs: 900, ages: [60, 0] })).toBe(true)
  expect(limiter.peek('user').remaining).toBe(3)
})

test('a user whose block is over has been idle since it ended', () => {
  const clock = manualClock()
  const limiter = createLimiter({ ...quota, clock, sweepIntervalMs: 0 })
  clock.advance(5000)
  limiter.check('user', 10)
  limiter.block('user', 60_000)
  clock.advance(70_000)
  expect(readUser(limiter, 'user')).toMatchObject({ idleMs: 10_000, blockedMs: 0 })
})
