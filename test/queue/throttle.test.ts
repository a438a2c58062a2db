/** A function that waits for its turn: it is called as it would be, in its turn. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLimiter } from '../../src/index.js'
import { Queue, throttle } from '../../src/queue/index.js'
import { limiterOf, microtasks, watch } from './support.js'

beforeEach(() => {
  vi.useFakeTimers({ now: 0 })
})
afterEach(() => {
  vi.useRealTimers()
})

test('arguments, result and this', async () => {
  class Scale {
    readonly factor = 3
    readonly times = throttle(
      function (this: Scale, n: number, text: string) {
        return `${n * this.factor}${text}`
      },
      { limiter: limiterOf(), key: 'all' },
    )
  }
  const result: string = await new Scale().times(2, '!')
  expect(result).toBe('6!')
})

test('the key tells whose turn a call takes', async () => {
  const call = throttle(async (host: string) => host, {
    limiter: limiterOf({ limit: 1, clock: () => performance.now() }),
    key: (host) => host,
  })
  const waits = ['x', 'y', 'x'].map((host) => watch(call(host)))
  await vi.advanceTimersByTimeAsync(999)
  expect(waits.map(({ value }) => value)).toEqual(['x', 'y', undefined])
  expect([call.queue.size('x'), call.queue.size('y')]).toEqual([1, 0])
  await vi.advanceTimersByTimeAsync(1)
  expect(waits[2].value).toBe('x')
})

test('what fails, fails: the function, now or later, and the key', async () => {
  const limiter = limiterOf({ limit: 10 })
  const fail = () => {
    throw new Error('no')
  }
  await expect(throttle(fail, { limiter, key: 'a' })()).rejects.toThrow('no')
  await expect(throttle(async () => fail(), { limiter, key: 'a' })()).rejects.toThrow('no')
  await expect(throttle(() => 1, { limiter, key: fail })()).rejects.toThrow('no')
  expect(limiter.stats().allowed).toBe(2)
})

test('options of a queue and of a request', async () => {
  const limiter = limiterOf({ limit: 10 })
  const call = throttle(async () => {}, { limiter, key: 'a', cost: 5, concurrency: 1, maxWaiting: 1 })
  const waits = [1, 2, 3, 4].map(() => watch(call()))
  await vi.advanceTimersByTimeAsync(0)
  expect(waits.map(({ done, error }) => [done, (error as { code?: string } | undefined)?.code])).toEqual([
    [true, undefined],
    [true, undefined],
    [true, 'ERR_QUEUE_FULL'],
    [true, 'ERR_QUEUE_FULL'],
  ])
  expect(limiter.peek('a').remaining).toBe(0)
})

test('a queue that others use, too', async () => {
  const queue = new Queue(limiterOf({ limit: 1, clock: () => performance.now() }))
  const call = throttle(() => 'called', { queue, key: 'a', priority: 1 })
  expect(call.queue).toBe(queue)
  await queue.acquire('a')
  await microtasks()
  const order: string[] = []
  queue.acquire('a').then(() => order.push('acquired'))
  call().then((said) => order.push(said))
  await vi.advanceTimersByTimeAsync(2000)
  expect(order).toEqual(['called', 'acquired'])
})

describe('bad input', () => {
  const limiter = createLimiter()
  test.each([
    [1, { limiter, key: 'a' }, /fn must be a function/],
    [() => {}, { limiter }, /key must be a string or a function/],
    [() => {}, { key: 'a' }, /either a limiter or a queue/],
    [() => {}, { limiter, queue: new Queue(limiter), key: 'a' }, /either a limiter or a queue/],
    [() => {}, { queue: {}, key: 'a' }, /queue must be a Queue/],
    [() => {}, { limiter, key: 'a', speed: 1 }, /speed/],
    [() => {}, { limiter, key: 'a', cost: 0 }, /cost must be/],
    [() => {}, { queue: new Queue(limiter), key: 'a', maxWaiting: 1 }, /maxWaiting/],
    [() => {}, { limiter, key: 'a', maxWaiting: -1 }, /maxWaiting must be/],
  ] as const)('number %#', (fn, options, message) => {
    expect(() => throttle(fn as never, options as never)).toThrow(message)
  })

  test('a key that is no string', async () => {
    await expect(throttle(() => 1, { limiter, key: () => 1 as never })()).rejects.toThrow(/userId must be a string/)
  })
})
