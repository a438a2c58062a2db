/**
 * No window holds more starts than the limit, by the clock of the jobs themselves: jobs stall while they start, the process
 * stalls in between, and others use the same limiter.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { manualClock } from '../../src/index.js'
import { Queue } from '../../src/queue/index.js'
import { limiterOf, microtasks } from './support.js'

const MOST = 3
const WINDOW_MS = 1000

/** Milliseconds that pass: mostly some, at times many, or just what matters. Sixteenths, so that no sum is rounded. */
const stall = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.nat(800).map((sixteenths) => sixteenths / 16) },
  { weight: 1, arbitrary: fc.constantFrom(Math.ceil(WINDOW_MS / MOST), WINDOW_MS - 1, WINDOW_MS, WINDOW_MS + 1) },
  { weight: 2, arbitrary: fc.nat(48 * WINDOW_MS).map((sixteenths) => sixteenths / 16) },
)
const step = fc.record({
  /** Who come: how long their start stalls before their own reading of the clock, and after; and the code that asked. */
  comers: fc.array(fc.record({ before: stall, after: stall, next: stall, isJob: fc.boolean() }), { maxLength: 6 }),
  directs: fc.nat(2),
  pause: stall,
})

/** Most starts in any half-open window. */
function worst(starts: readonly number[]): number {
  const sorted = [...starts].sort((a, b) => a - b)
  return Math.max(0, ...sorted.map((end) => sorted.filter((at) => at > end - WINDOW_MS && at <= end).length))
}

test('no window holds more starts than the limit, whatever stalls', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: MOST }),
      fc.boolean(),
      async (steps, limit, isMixed) => {
        const clock = manualClock()
        using limiter = limiterOf({ limit, windowMs: WINDOW_MS, clock })
        const queue = new Queue(limiter)
        const starts: number[] = []
        let came = 0
        let ended = 0
        const start = (before: number, after: number) => {
          clock.advance(before)
          starts.push(clock())
          clock.advance(after)
        }
        for (const { comers, directs, pause } of steps) {
          for (const { before, after, next, isJob } of comers) {
            came++
            // One kind alone, or both together.
            if (isMixed ? isJob : steps.length % 2 === 0) {
              queue.run('a', () => start(before, after)).then(() => ended++)
            } else {
              ;(async () => {
                await queue.acquire('a')
                start(before, after)
                ended++
              })()
            }
            clock.advance(next)
          }
          for (let i = 0; i < directs; i++) limiter.isAllowed('a')
          await microtasks()
          clock.advance(pause)
          queue.recheck()
          await microtasks()
        }
        // All have their turn in the end.
        for (let i = 0; i < 4 * came; i++) {
          clock.advance(WINDOW_MS / 2)
          queue.recheck()
          await microtasks()
        }
        expect([ended, queue.size()]).toEqual([came, 0])
        expect(worst(starts)).toBeLessThanOrEqual(limit)
      },
    ),
    { numRuns: process.env.CI ? 2000 : 400 },
  )
})

test('a job that throws while it starts has started, too', async () => {
  const clock = manualClock()
  using limiter = limiterOf({ limit: 1, windowMs: WINDOW_MS, clock })
  const queue = new Queue(limiter)
  const failing = queue.run('a', () => {
    clock.advance(500)
    throw new Error('not now')
  })
  await expect(failing).rejects.toThrow('not now')
  clock.advance(999)
  expect(limiter.isAllowed('a')).toBe(false)
  clock.advance(1)
  expect(limiter.isAllowed('a')).toBe(true)
})

test('moving an admission to its start changes no tokens', async () => {
  const clock = manualClock()
  using limiter = limiterOf({ limit: 1, windowMs: WINDOW_MS, burst: { capacity: 10, refillPerSecond: 1 }, clock })
  clock.advance(5000)
  const queue = new Queue(limiter)
  for (let i = 0; i < 3; i++) await queue.run('a', () => {})
  expect(limiter.getBurstAllowance('a')).toBe(3)
  expect(limiter.peek('a').remaining).toBe(0)
})
