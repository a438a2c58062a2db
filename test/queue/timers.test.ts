/** The one timer of a queue: under fake timers, beyond what a timer can take, and in a process that ends with it. */
import { spawnSync } from 'node:child_process'
import FakeTimers from '@sinonjs/fake-timers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Queue } from '../../src/queue/index.js'
import { ROOT } from '../package/packed.js'
import { limiterOf, microtasks, watch } from './support.js'

const libraries = [
  {
    name: 'vitest',
    install() {
      vi.useFakeTimers()
      return {
        advance: (ms: number) => void vi.advanceTimersByTime(ms),
        count: () => vi.getTimerCount(),
        restore: () => void vi.useRealTimers(),
      }
    },
  },
  {
    name: '@sinonjs/fake-timers',
    install() {
      const clock = FakeTimers.install({ toNotFake: ['nextTick', 'queueMicrotask'] })
      return {
        advance: (ms: number) => void clock.tick(ms),
        count: () => clock.countTimers(),
        restore: () => void clock.uninstall(),
      }
    },
  },
]

describe.each(libraries)('fake timers of $name', ({ install }) => {
  let fakes: ReturnType<typeof install> | undefined
  afterEach(() => {
    fakes?.restore()
    fakes = undefined
  })

  test('installed before', async () => {
    fakes = install()
    const queue = new Queue(limiterOf({ limit: 1, windowMs: 60_000 }))
    await queue.acquire('a')
    await microtasks()
    const waiter = watch(queue.acquire('a'))
    fakes.advance(59_000)
    await microtasks()
    expect([waiter.done, fakes.count()]).toEqual([false, 1])
    fakes.advance(1010)
    await microtasks()
    expect([waiter.value?.allowed, fakes.count()]).toEqual([true, 0])
  })

  test('installed while somebody waits', async () => {
    const queue = new Queue(limiterOf({ limit: 1, windowMs: 60_000 }))
    await queue.acquire('a')
    await microtasks()
    const waiter = watch(queue.acquire('a'))
    fakes = install()
    // The timer is real, and does not come: whoever comes next sets one of the faked ones.
    const second = watch(queue.acquire('a'))
    fakes.advance(60_010)
    await microtasks()
    expect(waiter.value).toMatchObject({ allowed: true })
    fakes.advance(60_010)
    await microtasks()
    expect([second.value?.allowed, fakes.count()]).toEqual([true, 0])
  })
})

describe('on faked time', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  test('waits that no timer can take', async () => {
    vi.useFakeTimers()
    const windowMs = 90 * 24 * 3_600_000
    const queue = new Queue(limiterOf({ limit: 1, windowMs }))
    await queue.acquire('a')
    const delays = vi.spyOn(globalThis, 'setTimeout')
    const waiter = watch(queue.acquire('a'))
    await vi.advanceTimersByTimeAsync(windowMs - 1000)
    expect([waiter.done, vi.getTimerCount()]).toEqual([false, 1])
    // Ticks of 90 days are 4 minutes long.
    await vi.advanceTimersByTimeAsync(1000 + windowMs / 15_000)
    expect(waiter.value).toMatchObject({ allowed: true })
    expect(Math.max(...delays.mock.calls.map(([, ms]) => Number(ms)))).toBe(2 ** 31 - 1)
  })

  test('one timer for a thousand users, none once they are done', async () => {
    vi.useFakeTimers()
    const queue = new Queue(limiterOf({ limit: 1 }), { maxWaiting: 5000 })
    const set = vi.spyOn(globalThis, 'setTimeout')
    const waits: Promise<unknown>[] = []
    for (let i = 0; i < 1000; i++) for (let j = 0; j < 3; j++) waits.push(queue.acquire(`user${i}`))
    expect(vi.getTimerCount()).toBe(1)
    await vi.advanceTimersByTimeAsync(2010)
    await Promise.all(waits)
    expect(vi.getTimerCount()).toBe(0)
    expect(set.mock.calls.length).toBeLessThan(50)
  })
})

/** Runs a program with the built package in a process of its own. */
function runProgram(program: string, ...flags: string[]) {
  const args = [...flags, '--input-type=module', '-e', program]
  return spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8', timeout: 60_000 })
}

const IMPORTS = `
  import { createLimiter } from './dist/index.js'
  import { Queue } from './dist/queue/index.js'
`

test('a process lives until nobody waits, and no longer', () => {
  const { stdout, stderr, status } = runProgram(`${IMPORTS}
    const queue = new Queue(createLimiter({ limit: 1, windowMs: 50 }))
    for (let i = 0; i < 4; i++) queue.acquire('a').then(() => console.log(i))
    process.on('exit', () => console.log('end'))`)
  expect([stdout.split('\n'), stderr, status]).toEqual([['0', '1', '2', '3', 'end', ''], '', 0])
})

test('a waiter takes 250 bytes at most beside its promise', () => {
  const { stdout, stderr } = runProgram(
    `${IMPORTS}
    const COUNT = 100_000
    const used = () => { gc(); gc(); return process.memoryUsage().heapUsed }
    const limiter = createLimiter({ limit: 1, windowMs: 3_600_000, sweepIntervalMs: 0 })
    const kept = []
    const measure = (make) => {
      const made = new Array(COUNT).fill(null)
      kept.push(made)
      const before = used()
      for (let i = 0; i < COUNT; i++) made[i] = make(i)
      return (used() - before) / COUNT
    }
    const ids = Array.from({ length: COUNT }, (_, i) => 'user' + i)
    for (const id of ids) limiter.isAllowed(id)
    limiter.isAllowed('one')
    // Who awaits a promise, and what settles it, is there without a queue, too.
    const settles = new Array(2 * COUNT).fill(null)
    const bare = measure((i) => new Promise((resolve, reject) => {
      settles[2 * i] = resolve
      settles[2 * i + 1] = reject
    }).catch(() => {}))
    const sameUser = new Queue(limiter, { maxWaiting: COUNT })
    const ofOne = measure(() => sameUser.acquire('one').catch(() => {}))
    const ofMany = new Queue(limiter, { maxWaiting: COUNT })
    const each = measure((i) => ofMany.acquire(ids[i]).catch(() => {}))
    console.log(JSON.stringify([ofOne - bare, each - bare].map(Math.round)))
    process.exit()`,
    '--expose-gc',
  )
  expect(stderr).toBe('')
  const [ofOne, each] = JSON.parse(stdout) as number[]
  expect(ofOne).toBeLessThan(250)
  expect(each).toBeLessThan(250)
})
