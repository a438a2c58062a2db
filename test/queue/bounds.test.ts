/** Bounds of the queue, priorities, and what it tells: on faked time. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLimiter } from '../../src/index.js'
import type { QueueError, QueueState } from '../../src/queue/index.js'
import { Queue } from '../../src/queue/index.js'
import { limiterOf, notes, openJob } from './support.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('bounds', () => {
  const fill = async (options: object, names: string[]) => {
    const queue = new Queue(limiterOf({ limit: 1 }), options)
    const { note, take, errors } = notes()
    for (const user of new Set(names.map((name) => name[0]))) await queue.acquire(user)
    for (const name of names) note(name, queue.acquire(name[0]))
    return { queue, ended: await take(), errors, note, take }
  }

  test('with maxWaiting 0 nobody waits, and who finds a place is let in', async () => {
    for (const whenFull of ['reject', 'drop']) {
      const { ended, queue, errors } = await fill({ maxWaiting: 0, whenFull }, ['a1', 'b1'])
      expect(ended).toEqual(['a1: ERR_QUEUE_FULL', 'b1: ERR_QUEUE_FULL'])
      expect((errors.a1 as QueueError).forecast).toMatchObject({ ahead: 0 })
      expect((errors.a1 as QueueError).forecast?.waitMs).toBeGreaterThan(990)
      expect([queue.size(), vi.getTimerCount()]).toEqual([0, 0])
    }
  })

  test.each([
    ['of all, reject', { maxWaiting: 2 }, ['a3: ERR_QUEUE_FULL', 'b1: ERR_QUEUE_FULL']],
    ['of all, drop', { maxWaiting: 2, whenFull: 'drop' }, ['a1: ERR_QUEUE_DROPPED', 'a2: ERR_QUEUE_DROPPED']],
    ['of a user, reject', { maxWaitingPerUser: 2 }, ['a3: ERR_QUEUE_FULL']],
    ['of a user, drop', { maxWaitingPerUser: 2, whenFull: 'drop' }, ['a1: ERR_QUEUE_DROPPED']],
    [
      'of a user, none',
      { maxWaitingPerUser: 0, whenFull: 'drop' },
      ['a1', 'a2', 'a3', 'b1'].map((name) => `${name}: ERR_QUEUE_FULL`),
    ],
  ])('%s', async (_, options, expected) => {
    const { ended, queue } = await fill(options, ['a1', 'a2', 'a3', 'b1'])
    expect(ended).toEqual(expected)
    expect(queue.size()).toBe(4 - expected.length)
  })

  test('where both bounds are met, one is dropped, not two', async () => {
    const options = { maxWaiting: 2, maxWaitingPerUser: 1, whenFull: 'drop' }
    const { ended, queue } = await fill(options, ['b1', 'a1', 'a2'])
    expect(ended).toEqual(['a1: ERR_QUEUE_DROPPED'])
    expect([queue.size('a'), queue.size('b')]).toEqual([1, 1])
  })

  test('one who is dropped gives the place to the next at once', async () => {
    const limiter = limiterOf()
    const queue = new Queue(limiter, { maxWaiting: 1, whenFull: 'drop' })
    const { note, take } = notes()
    limiter.isAllowed('a')
    note('1', queue.acquire('a', { cost: 2 }))
    note('2', queue.acquire('a'))
    expect(await take()).toEqual(['1: ERR_QUEUE_DROPPED', '2'])
  })
})

describe('priorities', () => {
  test('higher ones of a user go first, in order of arrival', async () => {
    const queue = new Queue(limiterOf({ limit: 10 }))
    const { note, take } = notes()
    await queue.acquire('a', { cost: 10 })
    for (const priority of [0, 1, 3, 2, 1, 3]) note(`${priority}`, queue.acquire('a', { priority }))
    note('b', queue.acquire('b'))
    expect(queue.forecast('a', { priority: 3 }).ahead).toBe(2)
    expect(queue.forecast('a', { priority: 2 }).ahead).toBe(3)
    expect(queue.forecast('a').ahead).toBe(6)
    vi.advanceTimersByTime(1001)
    expect(await take()).toEqual(['b', '3', '3', '2', '1', '1', '0'])
  })

  test('one that was passed over 8 times goes next', async () => {
    const queue = new Queue(limiterOf({ limit: 20 }))
    const { note, take } = notes()
    await queue.acquire('a', { cost: 20 })
    note('low', queue.acquire('a'))
    note('low', queue.acquire('a'))
    for (let i = 0; i < 18; i++) note('high', queue.acquire('a', { priority: 3 }))
    vi.advanceTimersByTime(1001)
    const order = await take()
    expect(order.flatMap((name, at) => (name === 'low' ? at : []))).toEqual([8, 17])
  })
})

describe('concurrency', () => {
  test('in all: users take turns, each in order', async () => {
    const queue = new Queue(limiterOf({ limit: 10 }), { concurrency: 1 })
    const started: string[] = []
    const { note, take } = notes()
    for (const name of ['a1', 'a2', 'a3', 'b1', 'b2', 'c1']) {
      note(
        name,
        queue.run(name[0], () => void started.push(name)),
      )
    }
    await take()
    expect(started).toEqual(['a1', 'b1', 'a2', 'c1', 'b2', 'a3'].sort((x, y) => +x[1] - +y[1]))
  })

  test('of a user: the others go on, and acquire behind a job keeps its order', async () => {
    const queue = new Queue(limiterOf({ limit: 10 }), { concurrency: { perUser: 1 } })
    const job = openJob()
    const { note, take } = notes()
    note('1', queue.run('a', job.run))
    note(
      '2',
      queue.run('a', () => {}),
    )
    note('3', queue.acquire('a'))
    note(
      'b',
      queue.run('b', () => {}),
    )
    expect(await take()).toEqual(['b'])
    expect(queue.size('a')).toBe(2)
    job.end()
    expect((await take()).sort()).toEqual(['1', '2', '3'])
  })

  test.each([
    [
      'sync',
      () => {
        throw new Error('oops')
      },
    ],
    [
      'async',
      async () => {
        throw new Error('oops')
      },
    ],
  ])('a job that throws, %s, frees its place', async (_, job) => {
    const queue = new Queue(limiterOf({ limit: 10 }), { concurrency: 1 })
    const { note, take } = notes()
    note('1', queue.run('a', job))
    note(
      '2',
      queue.run('a', () => 1),
    )
    note(
      '3',
      queue.run('b', () => 1),
    )
    expect((await take()).sort()).toEqual(['1: Error: oops', '2', '3'])
    expect(queue.size()).toBe(0)
  })

  test('one whose turn is taken by abort takes no place', async () => {
    const queue = new Queue(limiterOf({ limit: 10 }), { concurrency: 1 })
    const job = openJob()
    const controller = new AbortController()
    const { note, take } = notes()
    note('1', queue.run('a', job.run))
    note(
      '2',
      queue.run('a', () => {}, { signal: controller.signal }),
    )
    note(
      '3',
      queue.run('a', () => {}),
    )
    await take()
    controller.abort('no')
    expect(await take()).toEqual(['2: no'])
    job.end()
    expect((await take()).sort()).toEqual(['1', '3'])
  })
})

describe('what it tells', () => {
  test('forecasts are exact while those ahead stay', async () => {
    const queue = new Queue(limiterOf({ limit: 3, windowMs: 30_000 }))
    const forecasts: number[] = []
    const waits: number[] = []
    const start = performance.now()
    for (let i = 0; i < 10; i++) {
      forecasts.push(queue.forecast('a').waitMs)
      queue.acquire('a').then(() => waits.push(performance.now() - start))
      await vi.advanceTimersByTimeAsync(0)
    }
    await vi.runAllTimersAsync()
    expect(waits).toHaveLength(10)
    // A place comes back up to two ticks late, each window.
    waits.forEach((wait, i) => {
      expect(wait).toBeGreaterThanOrEqual(forecasts[i])
      expect(wait).toBeLessThanOrEqual(forecasts[i] + 8)
    })
  })

  test('with tokens, forecasts are no longer than the wait', async () => {
    const limiter = createLimiter({
      limit: 2,
      windowMs: 1000,
      burst: { capacity: 5, refillPerSecond: 3 },
      sweepIntervalMs: 0,
    })
    const queue = new Queue(limiter)
    for (let i = 0; i < 25; i++) {
      const forecast = queue.forecast('a').waitMs
      const start = performance.now()
      queue.acquire('a').then(() => expect(performance.now() - start).toBeGreaterThanOrEqual(forecast - 1e-6))
    }
    await vi.runAllTimersAsync()
    expect(queue.size()).toBe(0)
  })

  test('onChange is told once for what belongs together, also when jobs end', async () => {
    const states: QueueState[] = []
    const queue = new Queue(limiterOf({ limit: 1 }), { onChange: (state) => states.push(state) })
    const job = openJob()
    const { note, take } = notes()
    note('1', queue.run('a', job.run))
    note('2', queue.acquire('a'))
    note('3', queue.acquire('a'))
    await take()
    expect(states.splice(0)).toEqual([{ waiting: 2, running: 1, started: 1 }])
    job.end()
    await take()
    expect(states.splice(0)).toEqual([{ waiting: 2, running: 0, started: 1 }])
    vi.advanceTimersByTime(1001)
    await take()
    expect(states.splice(0)).toEqual([{ waiting: 1, running: 0, started: 2 }])
    queue.clear()
    await take()
    expect(states).toEqual([{ waiting: 0, running: 0, started: 2 }])
  })
})
