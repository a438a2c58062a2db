/** What a queue does for one who waits, and how waits end: on faked time. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLimiter } from '../../src/index.js'
import type { QueueOptions, QueueRequest, QueueState } from '../../src/queue/index.js'
import { Queue, QueueError } from '../../src/queue/index.js'
import { limiterOf, notes, settle } from './support.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('who finds a place is let in at once, with the decision; others when places come free, in order', async () => {
  const queue = new Queue(limiterOf())
  const { note, take } = notes()
  await expect(queue.acquire('a')).resolves.toMatchObject({ allowed: true, limit: 2, remaining: 1 })
  for (const name of ['1', '2', '3', '4']) note(name, queue.acquire('a'))
  note('b', queue.acquire('b'))
  expect(await take()).toEqual(['1', 'b'])
  expect([queue.size(), queue.size('a'), queue.size('b'), queue.size('nobody')]).toEqual([3, 3, 0, 0])
  vi.advanceTimersByTime(999)
  expect(await take()).toEqual([])
  vi.advanceTimersByTime(2)
  expect(await take()).toEqual(['2', '3'])
  expect(queue.size()).toBe(1)
})

test('one who wants more holds up the same user alone, and goes first', async () => {
  const queue = new Queue(limiterOf({ limit: 3 }))
  const { note, take } = notes()
  note('1', queue.acquire('a', { cost: 2 }))
  note('2', queue.acquire('a', { cost: 2 }))
  note('3', queue.acquire('a'))
  note('b', queue.acquire('b', { cost: 3 }))
  expect(await take()).toEqual(['1', 'b'])
  vi.advanceTimersByTime(1001)
  expect(await take()).toEqual(['2', '3'])
})

test('a limit of the request is heeded', async () => {
  const queue = new Queue(limiterOf())
  const { note, take } = notes()
  note('1', queue.acquire('a', { limit: 1 }))
  note('2', queue.acquire('a', { limit: 1 }))
  expect(await take()).toEqual(['1'])
  await expect(queue.acquire('b', { limit: 0 })).rejects.toMatchObject({ code: 'ERR_QUEUE_IMPOSSIBLE' })
  await expect(queue.acquire('a', { cost: 2, limit: 1 })).rejects.toMatchObject({ code: 'ERR_QUEUE_IMPOSSIBLE' })
  expect(queue.size()).toBe(1)
})

describe('bad input', () => {
  const limiter = limiterOf()
  const asynchronous = { ...limiter, quota: limiter.quota, check: async () => ({}), peek: async () => ({}) }

  test.each<[unknown, unknown, ErrorConstructor]>([
    [undefined, {}, TypeError],
    [{}, {}, TypeError],
    [{ check() {}, peek() {}, refund() {}, charge() {} }, {}, TypeError],
    [limiter, null, TypeError],
    [limiter, [], TypeError],
    [limiter, { max: 1 }, TypeError],
    [limiter, { maxWaiting: '1' }, TypeError],
    [limiter, { maxWaiting: -1 }, RangeError],
    [limiter, { maxWaiting: 1.5 }, RangeError],
    [limiter, { maxWaitingPerUser: Number.NaN }, RangeError],
    [limiter, { whenFull: 'throw' }, RangeError],
    [limiter, { whenFull: 1 }, TypeError],
    [limiter, { concurrency: 0 }, RangeError],
    [limiter, { concurrency: '1' }, TypeError],
    [limiter, { concurrency: null }, TypeError],
    [limiter, { concurrency: { perUser: 0 } }, RangeError],
    [limiter, { concurrency: { all: 1 } }, TypeError],
    [limiter, { onChange: 1 }, TypeError],
  ])('options %#', (given, options, Expected) => {
    expect(() => new Queue(given as never, options as QueueOptions)).toThrow(Expected)
  })

  test.each<[unknown, unknown, ErrorConstructor]>([
    [1, undefined, TypeError],
    ['a', null, TypeError],
    ['a', 1, TypeError],
    ['a', { weight: 1 }, TypeError],
    ['a', { cost: 0 }, RangeError],
    ['a', { cost: 3 }, RangeError],
    ['a', { cost: '1' }, TypeError],
    ['a', { limit: 3 }, RangeError],
    ['a', { limit: 0.5 }, RangeError],
    ['a', { timeoutMs: -1 }, RangeError],
    ['a', { timeoutMs: Number.NaN }, RangeError],
    ['a', { timeoutMs: '5' }, TypeError],
    ['a', { priority: 4 }, RangeError],
    ['a', { priority: 0.5 }, RangeError],
    ['a', { signal: {} }, TypeError],
    ['a', { signal: null }, TypeError],
  ])('requests %#: rejected, and nothing has changed', async (userId, request, Expected) => {
    const onChange = vi.fn()
    const queue = new Queue(limiter, { onChange })
    const acquired = queue.acquire(userId as string, request as QueueRequest)
    await expect(acquired).rejects.toThrow(Expected)
    const job = vi.fn()
    await expect(queue.run(userId as string, job, request as QueueRequest)).rejects.toThrow(Expected)
    expect(() => queue.forecast(userId as string, request as QueueRequest)).toThrow(Expected)
    expect(queue.size()).toBe(0)
    expect(job).not.toHaveBeenCalled()
    expect(onChange).not.toHaveBeenCalled()
    expect(limiter.stats().users).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('what is no job', async () => {
    const queue = new Queue(limiter)
    await expect(queue.run('a', 1 as never)).rejects.toThrow(TypeError)
    expect(limiter.stats().allowed).toBe(0)
  })

  test('a limiter that gives a promise, or no wait', async () => {
    const message = 'must decide synchronously'
    await expect(new Queue(asynchronous as never).acquire('a')).rejects.toThrow(message)
    await expect(new Queue(asynchronous as never, { concurrency: 1 }).run('a', () => 1)).rejects.toThrow(message)
    const odd = { ...limiter, quota: limiter.quota, check: () => ({ allowed: false }) }
    await expect(new Queue(odd as never).acquire('a')).rejects.toThrow(message)
  })

  test('properties of prototypes have no say', async () => {
    const prototype = Object.prototype as Record<string, unknown>
    const names = ['maxWaiting', 'concurrency', 'cost', 'signal', 'timeoutMs', 'priority', 'perUser', 'limit']
    try {
      for (const name of names) prototype[name] = 'bad'
      const queue = new Queue(limiterOf(), {})
      await queue.acquire('a', {})
      expect(queue.forecast('a', {})).toEqual({ ahead: 0, waitMs: 0 })
    } finally {
      for (const name of names) delete prototype[name]
    }
  })
})

describe('signals', () => {
  test('one that is aborted before: nothing is consumed', async () => {
    const limiter = limiterOf()
    const queue = new Queue(limiter)
    const reason = new Error('no more')
    await expect(queue.acquire('a', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(queue.size()).toBe(0)
    expect(limiter.peek('a').remaining).toBe(2)
  })

  test('one that is aborted while waiting: its reason, nothing is consumed, and the next goes at once', async () => {
    const limiter = limiterOf()
    limiter.isAllowed('a')
    const queue = new Queue(limiter)
    const { note, take, errors } = notes()
    const controller = new AbortController()
    const { signal } = controller
    note('1', queue.acquire('a', { cost: 2, signal }))
    note('2', queue.acquire('a', { cost: 2, signal }))
    note('3', queue.acquire('a'))
    note('4', queue.acquire('a'))
    expect(await take()).toEqual([])
    const reason = new Error('no more')
    controller.abort(reason)
    expect(await take()).toEqual(['1: Error: no more', '2: Error: no more', '3'])
    expect(errors['1']).toBe(reason)
    expect([queue.size(), limiter.peek('a').remaining]).toEqual([1, 0])
  })

  test('one that is aborted after the turn changes nothing', async () => {
    const queue = new Queue(limiterOf())
    const controller = new AbortController()
    const turn = queue.acquire('a', { signal: controller.signal })
    controller.abort()
    await expect(turn).resolves.toMatchObject({ allowed: true })
  })
})

describe('timeoutMs', () => {
  test('what cannot be met is rejected at once, with the forecast', async () => {
    const queue = new Queue(limiterOf())
    const { note, take, errors } = notes()
    for (const name of ['1', '2', '3', '4']) note(name, queue.acquire('a'))
    note('5', queue.acquire('a', { timeoutMs: 1500 }))
    note('6', queue.acquire('a', { timeoutMs: 0 }))
    note('7', queue.acquire('b', { timeoutMs: 0 }))
    expect(await take()).toEqual(['1', '2', '5: ERR_QUEUE_TIMEOUT', '6: ERR_QUEUE_TIMEOUT', '7'])
    const { forecast } = errors['5'] as QueueError
    expect(forecast?.ahead).toBe(2)
    expect(forecast?.waitMs).toBeCloseTo(2000, -1)
    expect(errors['5']).toBeInstanceOf(QueueError)
    expect(queue.size()).toBe(2)
  })

  test('ends a wait that takes longer than was foreseen; nothing is consumed, and the next goes at once', async () => {
    const limiter = limiterOf()
    const queue = new Queue(limiter)
    const { note, take } = notes()
    limiter.isAllowed('a', 2)
    note('1', queue.acquire('a', { timeoutMs: 1500, cost: 2 }))
    note('2', queue.acquire('a'))
    vi.advanceTimersByTime(900)
    limiter.refund('a')
    limiter.isAllowed('a')
    vi.advanceTimersByTime(599)
    expect(await take()).toEqual([])
    vi.advanceTimersByTime(1)
    expect(await take()).toEqual(['1: ERR_QUEUE_TIMEOUT', '2'])
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('clear and close', () => {
  test('clear rejects who wait, of all or of a user, and tells how many', async () => {
    const queue = new Queue(limiterOf({ limit: 1 }))
    const { note, take, errors } = notes()
    for (const name of ['a', 'a', 'a', 'b', 'b', 'c', 'c']) note(name, queue.acquire(name))
    await take()
    expect(queue.clear('a')).toBe(2)
    expect(queue.clear('nobody')).toBe(0)
    expect(await take()).toEqual(['a: ERR_QUEUE_CLEARED', 'a: ERR_QUEUE_CLEARED'])
    expect((errors.a as QueueError).forecast).toBe(undefined)
    expect(queue.clear()).toBe(2)
    expect(await take()).toEqual(['b: ERR_QUEUE_CLEARED', 'c: ERR_QUEUE_CLEARED'])
    expect([queue.size(), vi.getTimerCount()]).toEqual([0, 0])
    note('a', queue.acquire('a'))
    expect(queue.size('a')).toBe(1)
  })

  test('close rejects who wait and who come; jobs and the limiter go on', async () => {
    const limiter = limiterOf({ limit: 1 })
    const queue = new Queue(limiter)
    const { note, take } = notes()
    const job = queue.run('a', async () => 5)
    note('2', queue.acquire('a'))
    queue.close()
    queue.close()
    note('3', queue.acquire('b'))
    expect(await take()).toEqual(['2: ERR_QUEUE_CLOSED', '3: ERR_QUEUE_CLOSED'])
    await expect(job).resolves.toBe(5)
    expect(limiter.isAllowed('b')).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })
})

test('a limiter that is closed, or fails, rejects who wait with its error', async () => {
  const limiter = limiterOf({ limit: 1 })
  const queue = new Queue(limiter)
  const { note, take } = notes()
  for (const name of ['1', '2', '3']) note(name, queue.acquire('a'))
  await take()
  limiter.close()
  vi.advanceTimersByTime(1001)
  expect(await take()).toEqual(['2: Error: The limiter is closed', '3: Error: The limiter is closed'])
  await expect(queue.acquire('a')).rejects.toThrow('closed')
  expect([queue.size(), vi.getTimerCount()]).toEqual([0, 0])
})

test('a user who is blocked waits; for ever: has no turn', async () => {
  const limiter = limiterOf()
  const queue = new Queue(limiter)
  const { note, take } = notes()
  limiter.block('a', 5000)
  note('1', queue.acquire('a'))
  note('2', queue.acquire('a'))
  expect(queue.forecast('a')).toEqual({ ahead: 2, waitMs: 5000 })
  limiter.block('a', Infinity)
  expect(await take()).toEqual([])
  queue.recheck()
  expect(await take()).toEqual(['1: ERR_QUEUE_IMPOSSIBLE', '2: ERR_QUEUE_IMPOSSIBLE'])
  limiter.unblock('a')
  note('3', queue.acquire('a'))
  expect(await take()).toEqual(['3'])
})
