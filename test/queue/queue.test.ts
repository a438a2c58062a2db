/** What a queue does by each option and each method, on faked time. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLimiter } from '../../src/index.js'
import type { QueueOptions, QueueState } from '../../src/queue/index.js'
import { Queue, QueueError } from '../../src/queue/index.js'
import { limiterOf, microtasks, watch } from './support.js'

beforeEach(() => {
  vi.useFakeTimers({ now: 0 })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A queue whose limiter admits one a second of each user, and has admitted one of user `a`. */
function busyQueue(options: QueueOptions = {}) {
  const limiter = limiterOf({ limit: 1, clock: () => performance.now() })
  limiter.isAllowed('a')
  return { limiter, queue: new Queue(limiter, options) }
}

/** A job that ends when told to. */
function openJob() {
  let end = () => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  return { job: () => ended, end: () => end() }
}

test('who can be admitted is admitted at once, with the decision', async () => {
  const queue = new Queue(limiterOf())
  await expect(queue.acquire('a')).resolves.toMatchObject({ allowed: true, limit: 2, remaining: 1 })
  await expect(queue.acquire('a', { limit: 2, cost: 1 })).resolves.toMatchObject({ remaining: 0 })
  expect([queue.size(), vi.getTimerCount()]).toEqual([0, 0])
})

test('a job gives what it gives, and what it throws', async () => {
  const queue = new Queue(limiterOf({ limit: 10 }))
  await expect(queue.run('a', () => 1)).resolves.toBe(1)
  await expect(queue.run('a', async () => 2)).resolves.toBe(2)
  await expect(queue.run('a', () => Promise.reject(new Error('later')))).rejects.toThrow('later')
  await expect(
    queue.run('a', () => {
      throw new Error('at once')
    }),
  ).rejects.toThrow('at once')
})

describe('an end before the turn', () => {
  test('a signal that is aborted already', async () => {
    const { queue } = busyQueue()
    await expect(queue.acquire('a', { signal: AbortSignal.abort('no') })).rejects.toBe('no')
    expect(queue.size()).toBe(0)
  })

  test('by a signal: the next moves up, and nothing is taken', async () => {
    const { queue, limiter } = busyQueue()
    const controller = new AbortController()
    const first = watch(queue.acquire('a', { signal: controller.signal }))
    const second = watch(queue.acquire('a'))
    controller.abort(new Error('enough'))
    await microtasks()
    expect(first.error).toEqual(new Error('enough'))
    await vi.advanceTimersByTimeAsync(1000)
    expect(second.value).toMatchObject({ allowed: true })
    await vi.advanceTimersByTimeAsync(1000)
    expect(limiter.peek('a').remaining).toBe(1)
  })

  test('one signal of many: a listener, and none once they have gone', async () => {
    const { queue } = busyQueue()
    const { signal } = new AbortController()
    const added = vi.spyOn(signal, 'addEventListener')
    const removed = vi.spyOn(signal, 'removeEventListener')
    const waits = [1, 2, 3].map(() => queue.acquire('a', { signal }))
    expect([added.mock.calls.length, removed.mock.calls.length]).toEqual([1, 0])
    await vi.advanceTimersByTimeAsync(3000)
    await Promise.all(waits)
    expect([added.mock.calls.length, removed.mock.calls.length]).toEqual([1, 1])
    expect(removed.mock.calls[0].slice(0, 2)).toEqual(added.mock.calls[0].slice(0, 2))
  })

  test('a time that does not suffice is told at once, with the forecast', async () => {
    const { queue } = busyQueue()
    await expect(queue.acquire('a', { timeoutMs: 999 })).rejects.toMatchObject({
      name: 'QueueError',
      code: 'ERR_QUEUE_TIMEOUT',
      forecast: { ahead: 0, waitMs: 1000 },
    })
    expect(queue.size()).toBe(0)
  })

  test('a time that suffices no more, since somebody overtook', async () => {
    const { queue, limiter } = busyQueue()
    const waiter = watch(queue.acquire('a', { timeoutMs: 1500 }))
    limiter.block('a', 60_000)
    await vi.advanceTimersByTimeAsync(1499)
    expect(waiter.done).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(waiter.error).toMatchObject({ code: 'ERR_QUEUE_TIMEOUT' })
    expect(vi.getTimerCount()).toBe(0)
  })

  test('by its time although the turn came, where a stall was longer than both: those who still wait go first', async () => {
    for (const wake of ['timer', 'recheck'] as const) {
      const { queue } = busyQueue()
      const late = watch(queue.acquire('a', { timeoutMs: 1500 }))
      const patient = watch(queue.acquire('a'))
      vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 5000)
      if (wake === 'timer') vi.advanceTimersToNextTimer()
      else queue.recheck()
      await microtasks()
      expect(late.error).toMatchObject({ code: 'ERR_QUEUE_TIMEOUT' })
      expect(patient.value).toMatchObject({ allowed: true })
      vi.restoreAllMocks()
    }
  })

  test('what can never be', async () => {
    const { queue, limiter } = busyQueue()
    await expect(queue.acquire('b', { limit: 0 })).rejects.toMatchObject({ code: 'ERR_QUEUE_IMPOSSIBLE' })
    limiter.block('c', Number.POSITIVE_INFINITY)
    await expect(queue.acquire('c')).rejects.toMatchObject({ code: 'ERR_QUEUE_IMPOSSIBLE' })
    expect(queue.size()).toBe(0)
  })

  test('clear, of a user and of all; and close', async () => {
    const { queue, limiter } = busyQueue()
    limiter.isAllowed('b')
    const waits = ['a', 'a', 'b'].map((user) => watch(queue.acquire(user)))
    expect(queue.clear('a')).toBe(2)
    await microtasks()
    expect(waits.map(({ error }) => (error as QueueError | undefined)?.code)).toEqual([
      'ERR_QUEUE_CLEARED',
      'ERR_QUEUE_CLEARED',
      undefined,
    ])
    queue.close()
    await microtasks()
    expect(waits[2].error).toMatchObject({ code: 'ERR_QUEUE_CLOSED' })
    await expect(queue.acquire('new')).rejects.toMatchObject({ code: 'ERR_QUEUE_CLOSED' })
    expect([queue.clear(), vi.getTimerCount(), limiter.isAllowed('new')]).toEqual([0, 0, true])
  })

  test('a limiter that is closed meanwhile', async () => {
    const { queue, limiter } = busyQueue()
    const waiter = watch(queue.acquire('a'))
    limiter.close()
    await vi.advanceTimersByTimeAsync(1000)
    expect(waiter.error).toMatchObject({ message: expect.stringContaining('closed') })
    expect([queue.size(), vi.getTimerCount()]).toEqual([0, 0])
  })
})

describe('bounds', () => {
  test('the newcomer is refused, with the forecast', async () => {
    const { queue } = busyQueue({ maxWaiting: 2 })
    watch(queue.acquire('a'))
    watch(queue.acquire('a'))
    await expect(queue.acquire('a')).rejects.toMatchObject({
      code: 'ERR_QUEUE_FULL',
      forecast: { ahead: 2, waitMs: 3000 },
    })
    // Who need not wait is no concern of it.
    await expect(queue.acquire('b')).resolves.toMatchObject({ allowed: true })
    queue.close()
  })

  test('or the oldest is dropped: of all, or of a user', async () => {
    const { queue, limiter } = busyQueue({ maxWaiting: 3, maxWaitingPerUser: 2, whenFull: 'drop' })
    limiter.isAllowed('b')
    const waits = ['a', 'b', 'b', 'b', 'a', 'a'].map((user) => watch(queue.acquire(user)))
    await microtasks()
    const codes = waits.map(({ error }) => (error as QueueError | undefined)?.code)
    // The third b drops the first b, the second a the first a; then a third a the oldest of all, which is a b.
    expect(codes.map((code) => code === 'ERR_QUEUE_DROPPED')).toEqual([true, true, true, false, false, false])
    expect([queue.size(), queue.size('a'), queue.size('b')]).toEqual([3, 2, 1])
    queue.close()
  })

  test('one is dropped, not two, where both bounds are met', async () => {
    const { queue, limiter } = busyQueue({ maxWaiting: 2, maxWaitingPerUser: 1, whenFull: 'drop' })
    limiter.isAllowed('b')
    const waits = ['a', 'b', 'b'].map((user) => watch(queue.acquire(user)))
    await microtasks()
    expect(waits.map(({ done }) => done)).toEqual([false, true, false])
    queue.close()
  })

  test('nobody waits with maxWaiting 0', async () => {
    const { queue } = busyQueue({ maxWaiting: 0 })
    await expect(queue.acquire('a')).rejects.toMatchObject({ code: 'ERR_QUEUE_FULL' })
  })
})

describe('concurrency', () => {
  test('in all: users take turns, however many jobs one has', async () => {
    const queue = new Queue(limiterOf({ limit: 100 }), { concurrency: 1 })
    const order: string[] = []
    const jobs = ['a', 'a', 'a', 'b', 'c'].map((user, index) =>
      queue.run(user, async () => order.push(`${user}${index}`)),
    )
    await Promise.all(jobs)
    expect(order).toEqual(['a0', 'a1', 'b3', 'c4', 'a2'])
  })

  test('of one user: others are not held up', async () => {
    const queue = new Queue(limiterOf({ limit: 100 }), { concurrency: { perUser: 1 } })
    const first = openJob()
    const second = vi.fn()
    const other = vi.fn()
    const done = [queue.run('a', first.job), queue.run('a', second), queue.run('b', other)]
    await microtasks()
    expect([second.mock.calls.length, other.mock.calls.length, queue.size()]).toEqual([0, 1, 1])
    first.end()
    await Promise.all(done)
    expect(second).toHaveBeenCalledOnce()
  })

  test('a job keeps its turn while an acquire of its user goes first', async () => {
    const limiter = limiterOf({ limit: 1, clock: () => performance.now() })
    const queue = new Queue(limiter, { concurrency: 1 })
    const open = openJob()
    const order: string[] = []
    const all: Promise<unknown>[] = [
      queue.run('other', open.job),
      queue.run('a', () => order.push('job of a')),
      queue.run('b', () => order.push('job of b')),
    ]
    // Goes first of its user, and has to wait for the limiter once it has been let in.
    all.push(queue.acquire('a', { priority: 1 }).then(() => order.push('acquire of a')))
    all.push(queue.acquire('a', { priority: 1 }).then(() => order.push('second of a')))
    await vi.advanceTimersByTimeAsync(1500)
    expect(order).toEqual(['acquire of a', 'second of a'])
    await vi.advanceTimersByTimeAsync(1000)
    open.end()
    await vi.advanceTimersByTimeAsync(0)
    expect(order.slice(2)).toEqual(['job of a', 'job of b'])
    await Promise.all(all)
  })

  test('a job that fails makes room, and acquire needs none', async () => {
    const queue = new Queue(limiterOf({ limit: 100 }), { concurrency: 1 })
    const failing = queue.run('a', () => Promise.reject(new Error('no')))
    const next = queue.run('a', () => 'next')
    await expect(failing).rejects.toThrow('no')
    await expect(next).resolves.toBe('next')
    const open = openJob()
    const running = queue.run('a', open.job)
    await expect(queue.acquire('a')).resolves.toMatchObject({ allowed: true })
    open.end()
    await running
  })
})

test('the forecast is what comes, where all take one place', async () => {
  const limiter = limiterOf({ limit: 3, clock: () => performance.now() })
  const queue = new Queue(limiter)
  const waits = Array.from({ length: 11 }, () => {
    const { waitMs } = queue.forecast('a')
    const at = performance.now() + waitMs
    return queue.acquire('a').then(() => [performance.now(), at])
  })
  await vi.advanceTimersByTimeAsync(10_000)
  for (const wait of waits) {
    const [came, foretold] = await wait
    expect(came).toBe(foretold)
  }
  expect(queue.forecast('nobody')).toEqual({ ahead: 0, waitMs: 0 })
})

test('waiting makes no activity: who waits earns what one who is idle earns', async () => {
  const limiter = limiterOf({ limit: 1, burst: { capacity: 5, refillPerSecond: 1 }, clock: () => performance.now() })
  limiter.isAllowed('a')
  const queue = new Queue(limiter)
  const waiter = watch(queue.acquire('a', { cost: 3 }))
  await vi.advanceTimersByTimeAsync(1999)
  expect(waiter.done).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(waiter.value).toMatchObject({ allowed: true, fromBurst: 2 })
})

test('changes are told once for all that belong together', async () => {
  const states: QueueState[] = []
  const { queue } = busyQueue({ onChange: (state) => states.push(state) })
  const open = openJob()
  const running = queue.run('b', open.job)
  watch(queue.acquire('a'))
  watch(queue.acquire('a'))
  await microtasks()
  expect(states).toEqual([{ waiting: 2, running: 1, started: 1 }])
  open.end()
  await running
  await vi.advanceTimersByTimeAsync(1000)
  expect(states.at(-1)).toEqual({ waiting: 1, running: 0, started: 2 })
  queue.close()
})

test('the end of a job is told though nobody waits', async () => {
  const states: QueueState[] = []
  const { queue } = busyQueue({ onChange: (state) => states.push(state) })
  const open = openJob()
  const running = queue.run('b', open.job)
  await microtasks()
  open.end()
  await running
  await microtasks()
  expect(states.map(({ running }) => running)).toEqual([1, 0])
})

test('recheck asks again at once', async () => {
  const { queue, limiter } = busyQueue()
  const waiter = watch(queue.acquire('a'))
  limiter.reset('a')
  await microtasks()
  expect(waiter.done).toBe(false)
  queue.recheck()
  await microtasks()
  expect(waiter.value).toMatchObject({ allowed: true })
})

test('a cut of a long text as an id', async () => {
  const { queue } = busyQueue()
  const id = 'user-with-a-long-name and more'.slice(0, 21)
  await queue.acquire(id)
  const waiter = watch(queue.acquire(id))
  expect(queue.size('user-with-a-long-name')).toBe(1)
  await vi.advanceTimersByTimeAsync(1000)
  expect(waiter.done).toBe(true)
})

describe('bad input', () => {
  const limiter = createLimiter()
  const options: [QueueOptions | unknown, RegExp, typeof TypeError | typeof RangeError][] = [
    [{ maxWait: 1 }, /maxWait/, TypeError],
    [{ maxWaiting: -1 }, /maxWaiting must be/, RangeError],
    [{ maxWaiting: 1.5 }, /maxWaiting must be/, RangeError],
    [{ maxWaiting: '1' }, /maxWaiting must be/, TypeError],
    [{ maxWaitingPerUser: Number.NaN }, /maxWaitingPerUser must be/, RangeError],
    [{ whenFull: 'wait' }, /whenFull must be "reject" or "drop", not "wait"/, RangeError],
    [{ concurrency: 0 }, /concurrency must be/, RangeError],
    [{ concurrency: { perUser: 0 } }, /concurrency.perUser must be/, RangeError],
    [{ concurrency: { each: 1 } }, /each/, TypeError],
    [{ onChange: 1 }, /onChange must be a function/, TypeError],
  ]
  test.each(options)('options %o', (given, message, kind) => {
    expect(() => new Queue(limiter, given as QueueOptions)).toThrow(kind)
    expect(() => new Queue(limiter, given as QueueOptions)).toThrow(message)
  })

  test('a limiter without its quota', () => {
    const { check, peek, refund, charge } = limiter
    expect(() => new Queue({ check, peek, refund, charge } as never)).toThrow(
      /limiter must be one that .* with a quota/,
    )
  })

  test.each([undefined, null, {}, { check() {} }, () => {}])('%o is no limiter', (given) => {
    expect(() => new Queue(given as never)).toThrow(TypeError)
  })

  const requests: [unknown, RegExp, typeof TypeError | typeof RangeError][] = [
    [{ cost: 0 }, /cost must be/, RangeError],
    [{ cost: '1' }, /cost must be/, TypeError],
    [{ limit: 51 }, /limit must be/, RangeError],
    [{ timeoutMs: -1 }, /timeoutMs must be/, RangeError],
    [{ priority: 4 }, /priority must be/, RangeError],
    [{ priority: 0.5 }, /priority must be/, RangeError],
    [{ signal: 1 }, /signal must be an AbortSignal/, TypeError],
    [{ prio: 1 }, /prio/, TypeError],
  ]
  test.each(requests)('request %o', async (given, message, kind) => {
    const queue = new Queue(limiter)
    const before = limiter.stats()
    await expect(queue.acquire('a', given as never)).rejects.toThrow(kind)
    await expect(queue.acquire('a', given as never)).rejects.toThrow(message)
    expect([queue.size(), limiter.stats()]).toEqual([0, before])
  })

  test('an id or a job that is none', async () => {
    const queue = new Queue(limiter)
    await expect(queue.acquire(1 as never)).rejects.toThrow(/userId must be a string/)
    await expect(queue.run('a', 1 as never)).rejects.toThrow(/job must be a function/)
  })

  test('inherited properties do not count', async () => {
    const { queue } = busyQueue(Object.create({ maxWaiting: 0 }))
    const waiter = watch(queue.acquire('a', Object.create({ timeoutMs: 0 })))
    await vi.advanceTimersByTimeAsync(1000)
    expect(waiter.value).toMatchObject({ allowed: true })
  })

  test('a limiter that denies and tells no wait is asked again later', async () => {
    let allowed = false
    const answer = () => ({ allowed, limit: 1, remaining: 0, fromBurst: 0 })
    const queue = new Queue({ ...limiter, quota: limiter.quota, check: answer, peek: answer } as never)
    const waiter = watch(queue.acquire('a'))
    await vi.advanceTimersByTimeAsync(5)
    expect(waiter.done).toBe(false)
    allowed = true
    await vi.advanceTimersByTimeAsync(1)
    expect(waiter.value).toMatchObject({ allowed: true })
  })

  test('a limiter that gives a promise', async () => {
    const { quota } = limiter
    expect(() => new Queue({ ...limiter, quota, check: async () => ({}) } as never)).toThrow(/that decides at once/)
    const queue = new Queue({ ...limiter, quota, check: () => Promise.resolve({}) } as never)
    await expect(queue.acquire('a')).rejects.toThrow(/must decide at once/)
  })
})

test('errors are of one class, and name what happened', () => {
  const error = new QueueError('ERR_QUEUE_FULL', { ahead: 1, waitMs: 2 })
  expect(error).toBeInstanceOf(Error)
  expect([error.name, error.message, error.code]).toEqual(['QueueError', 'The queue is full', 'ERR_QUEUE_FULL'])
})
