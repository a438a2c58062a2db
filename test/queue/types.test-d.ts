/** Types as users meet them: a throttled function keeps its own, and a throttled fetch is a fetch. */
import { expectTypeOf, test } from 'vitest'
import type { Decision, Limiter } from '../../src/index.js'
import type { Forecast, QueueErrorCode, QueueState } from '../../src/queue/index.js'
import { Queue, QueueError, throttle, throttledFetch } from '../../src/queue/index.js'

declare const limiter: Limiter
declare const queue: Queue

test('a queue', () => {
  new Queue(limiter, {
    maxWaiting: undefined,
    concurrency: { perUser: 1 },
    onChange: (state) => expectTypeOf(state).toEqualTypeOf<QueueState>(),
  })
  expectTypeOf(queue.acquire('a')).resolves.toEqualTypeOf<Decision>()
  expectTypeOf(queue.run('a', () => 1)).resolves.toEqualTypeOf<number>()
  expectTypeOf(queue.run('a', async () => 'text')).resolves.toEqualTypeOf<string>()
  expectTypeOf(queue.forecast('a')).toEqualTypeOf<Forecast>()
  // @ts-expect-error no such option
  new Queue(limiter, { maxWait: 1 })
  // @ts-expect-error whose turn it is must be said
  queue.run(() => 1)
  // @ts-expect-error a limiter that gives a promise
  new Queue({ ...limiter, check: async () => limiter.check('a') })
})

test('an error', () => {
  const error: unknown = undefined
  if (error instanceof QueueError) {
    expectTypeOf(error.code).toEqualTypeOf<QueueErrorCode>()
    expectTypeOf(error.forecast).toEqualTypeOf<Forecast | undefined>()
  }
})

test('a throttled function: arguments, this, result', () => {
  const add = throttle((a: number, b: number) => a + b, { limiter, key: 'sums' })
  expectTypeOf(add).parameters.toEqualTypeOf<[number, number]>()
  expectTypeOf(add(1, 2)).resolves.toEqualTypeOf<number>()
  expectTypeOf(add.queue).toEqualTypeOf<Queue>()
  const load = throttle(async (url: URL) => url.host, {
    queue,
    key: (url) => {
      expectTypeOf(url).toEqualTypeOf<URL>()
      return url.host
    },
  })
  expectTypeOf(load(new URL('https://example.com'))).resolves.toEqualTypeOf<string>()
  class Api {
    name = 'api'
    // Its `this` is that of the method.
    greet = throttle(
      function (this: Api, whom: string) {
        return `${this.name} ${whom}`
      },
      { queue, key: 'api' },
    )
  }
  expectTypeOf(new Api().greet('a')).resolves.toEqualTypeOf<string>()
  // @ts-expect-error a string is no number
  add('1', 2)
  // @ts-expect-error either a limiter or a queue
  throttle(() => 1, { limiter, queue, key: 'a' })
  // @ts-expect-error a queue has its own bounds
  throttle(() => 1, { queue, key: 'a', maxWaiting: 1 })
  // @ts-expect-error whose turn a call takes
  throttle(() => 1, { limiter })
})

test('a throttled fetch', () => {
  expectTypeOf(throttledFetch({ limiter, key: 'api' })).toExtend<typeof fetch>()
  throttledFetch({ fetch: throttledFetch({ limiter, key: 'api' }), limiter, key: 'api' })
  // @ts-expect-error a number of times
  throttledFetch({ limiter, retries: '2' })
})
