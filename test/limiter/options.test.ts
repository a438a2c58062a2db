/** Options, arguments and readings that are not acceptable: a clear error, and nothing changes. */
import { expect, test } from 'vitest'
import type { LimiterOptions, Quota } from '../../src/index.js'
import { createLimiter, loadLimiter, manualClock } from '../../src/index.js'

const NO_COUNT = [Number.NaN, Infinity, -Infinity, 0, -0, -1, 0.5, 1.5, 2 ** 31, 2 ** 32, 2 ** 53]
const NO_NUMBER = ['5', null, {}, [], true, 5n, () => 5]

async function errorOf(options: object): Promise<Error> {
  return await loadLimiter(options).then(
    () => expect.fail('accepted'),
    (error: Error) => error,
  )
}

test.each(['limit', 'maxUsers'])('%s must be a whole number, 1 or more', async (name) => {
  for (const value of NO_COUNT) {
    const error = await errorOf({ [name]: value })
    expect(error).toBeInstanceOf(RangeError)
    expect(error.message).toContain(name)
    expect(error.message).toContain(String(value))
  }
})

test.each([
  ['windowMs', [Number.NaN, Infinity, -Infinity, 0, -1, 0.5, 2 ** 53]],
  ['sweepIntervalMs', [Number.NaN, Infinity, -1, 2 ** 31, 2 ** 53]],
])('%s must be in its range', async (name, values) => {
  for (const value of values) expect(await errorOf({ [name]: value })).toBeInstanceOf(RangeError)
})

test.each(['capacity', 'refillPerSecond'])('burst.%s must be in its range', async (name) => {
  for (const value of [Number.NaN, Infinity, -1, 2 ** 31, 2 ** 32, 2 ** 53]) {
    const error = await errorOf({ burst: { [name]: value } })
    expect(error).toBeInstanceOf(RangeError)
    expect(error.message).toContain(`burst.${name}`)
  }
  for (const value of NO_NUMBER) expect(await errorOf({ burst: { [name]: value } })).toBeInstanceOf(TypeError)
})

test.each(['limit', 'windowMs', 'maxUsers', 'sweepIntervalMs'])('%s must be a number', async (name) => {
  for (const value of NO_NUMBER) {
    const error = await errorOf({ [name]: value })
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toContain(name)
  }
})

test('options must be an object, and their names known', async () => {
  for (const value of [null, [], 'limit', 5, true, new Map([['limit', 5]]), new Set(['limit'])]) {
    await expect(loadLimiter(value as never)).rejects.toThrow(TypeError)
  }
  await expect(loadLimiter({ limits: 5 } as never)).rejects.toThrow(/there is no option "limits"; there are limit, /)
  await expect(loadLimiter({ burst: { size: 5 } } as never)).rejects.toThrow(/burst: there is no option "size"/)
  for (const burst of [true, null, 5, []]) await expect(loadLimiter({ burst } as never)).rejects.toThrow(TypeError)
})

test('onFull, clock and module are checked', async () => {
  await expect(loadLimiter({ onFull: 'block' } as never)).rejects.toThrow(RangeError)
  await expect(loadLimiter({ onFull: 5 } as never)).rejects.toThrow(TypeError)
  await expect(loadLimiter({ clock: 5 } as never)).rejects.toThrow(/clock must be a function/)
  await expect(loadLimiter({ module: {} } as never)).rejects.toThrow(/module must be a WebAssembly.Module/)
  const empty = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))
  await expect(loadLimiter({ module: empty })).rejects.toThrow(/module must be the spillway\/core.wasm of this version/)
})

test('undefined means the default, and no options all of them', async () => {
  const limiter = await loadLimiter({ limit: undefined, burst: undefined, clock: undefined, sweepIntervalMs: 0 })
  expect(limiter.peek('a').limit).toBe(50)
  expect(limiter.stats().maxUsers).toBe(1_000_000)
  limiter.close()
})

test('whoever gives a limit or a window says burst too, or has none', async () => {
  const capacityOf = (options: object) => {
    const clock = manualClock()
    using limiter = createLimiter({ ...options, clock })
    clock.advance(1e9)
    return limiter.getBurstAllowance('a')
  }
  expect(capacityOf({})).toBe(100)
  expect(capacityOf({ maxUsers: 10 })).toBe(100)
  expect(capacityOf({ limit: 5, windowMs: 900_000 })).toBe(0)
  expect(capacityOf({ limit: 50 })).toBe(0)
  expect(capacityOf({ windowMs: 1000 })).toBe(0)
  expect(capacityOf({ limit: 5, burst: {} })).toBe(100)
  expect(capacityOf({ limit: 5, burst: { capacity: 7 } })).toBe(7)
  expect(capacityOf({ burst: false })).toBe(0)
})

test('options count that are own properties, not inherited ones', async () => {
  const burst = Object.create({ capacity: 'inherited' })
  using limiter = await loadLimiter(Object.assign(Object.create({ limit: 'inherited' }), { maxUsers: 5, burst }))
  expect(limiter.peek('a').limit).toBe(50)
  expect(limiter.stats().maxUsers).toBe(5)
  for (const name of ['limit', 'capacity']) {
    Object.defineProperty(Object.prototype, name, { value: 7, configurable: true })
    using polluted = createLimiter({ burst: {} })
    delete (Object.prototype as Record<string, unknown>)[name]
    expect(polluted.peek('a').limit).toBe(50)
  }
})

test('a bad id takes no memory, either', () => {
  using limiter = createLimiter()
  expect(() => limiter.isAllowed(5 as never)).toThrow('userId must be a string, not 5')
  expect(limiter.stats().memoryBytes).toBe(0)
})

test('createLimiter makes at once what loadLimiter promises', () => {
  using limiter = createLimiter({ limit: 2 })
  expect([1, 2, 3].map(() => limiter.isAllowed('a'))).toEqual([true, true, false])
  expect(() => createLimiter({ limit: 0 })).toThrow(RangeError)
  expect(() => createLimiter({ limits: 5 } as never)).toThrow(TypeError)
})

test('the extremes are accepted', async () => {
  for (const options of [
    { limit: 1, maxUsers: 1, windowMs: 1 },
    { limit: 1_000_000_000, windowMs: Number.MAX_SAFE_INTEGER, maxUsers: 1 },
    { burst: { capacity: 1_000_000_000, refillPerSecond: 1_000_000_000 }, maxUsers: 1 },
    { burst: {}, maxUsers: 1 },
  ]) {
    using limiter = await loadLimiter({ ...options, sweepIntervalMs: 0 })
    expect(limiter.isAllowed('a')).toBe(true)
  }
})

test('a bad id, cost or reading throws and changes nothing', async () => {
  let reading: unknown = 0
  using limiter = await loadLimiter({ clock: () => reading as number, sweepIntervalMs: 0 })
  limiter.isAllowed('a')
  const before = { stats: limiter.stats(), peek: limiter.peek('a') }

  for (const method of ['isAllowed', 'check', 'peek', 'getBurstAllowance', 'reset', 'refund', 'unblock'] as const) {
    for (const id of [undefined, null, 5, {}, ['a'], Symbol('a'), 5n, new String('a')]) {
      expect(() => limiter[method](id as never)).toThrow(TypeError)
    }
  }
  for (const method of ['isAllowed', 'check', 'peek'] as const) {
    for (const cost of [...NO_COUNT, 151]) {
      expect(() => limiter[method]('a', cost)).toThrow(/cost must be a whole number from 1 to 150, not /)
      expect(() => limiter[method]('a', cost)).toThrow(RangeError)
    }
    for (const cost of [
      ...NO_NUMBER.filter((given) => String(given) !== '[object Object]'),
      { cost: '5' },
      { limit: null },
    ])
      expect(() => limiter[method]('a', cost as never)).toThrow(TypeError)
  }
  for (const limit of [-1, 1.5, 51, Number.NaN]) {
    expect(() => limiter.check('a', { limit })).toThrow(/limit must be a whole number from 0 to 50, not /)
  }
  expect(() => limiter.check('a', { price: 1 } as never)).toThrow(
    /request: there is no option "price"; there are cost, limit/,
  )
  expect(() => limiter.refund('a', 2, 3)).toThrow(/fromBurst must be a whole number from 0 to 2, not 3/)
  expect(() => limiter.charge('a', -1)).toThrow(/cost must be a whole number from 0 to 2000000000, not -1/)
  for (const ms of [0, -1, Number.NaN])
    expect(() => limiter.block('a', ms)).toThrow(/ms must be a number from 1 to Infinity/)
  expect(() => limiter.block('a', '1' as never)).toThrow(TypeError)
  for (reading of [Number.NaN, Infinity, -Infinity, undefined, null, '5', 5n]) {
    expect(() => limiter.isAllowed('a')).toThrow(/clock must give a finite number of milliseconds .*; it gave /)
    expect(() => limiter.peek('a')).toThrow(Error)
    expect(() => limiter.sweep()).toThrow(Error)
  }
  reading = 0
  expect({ stats: limiter.stats(), peek: limiter.peek('a') }).toEqual(before)
})

test('a clock without a finite first reading fails loading', async () => {
  await expect(loadLimiter({ clock: () => Number.NaN })).rejects.toThrow(/it gave NaN/)
})

test('a clock that leaves the range in which times are exact is an error, and changes nothing', async () => {
  const clock = manualClock()
  using limiter = await loadLimiter({ clock, sweepIntervalMs: 0 })
  limiter.isAllowed('a', 50)
  const before = limiter.stats()
  for (const reading of [1e300, -1e300, 2 ** 42 + 1, -(2 ** 42) - 1]) {
    clock.set(reading)
    expect(() => limiter.check('a')).toThrow(/clock must give .* within 139 years; it gave .* Is it in microseconds/)
    expect(() => limiter.sweep()).toThrow(Error)
  }
  clock.set(500)
  expect(limiter.peek('a')).toMatchObject({ allowed: false, retryAfterMs: 500 })
  expect(limiter.stats()).toEqual(before)
})

test.each([0.001, 1, 1000, 1e6, 1e9])('tokens are exact decades after loading, at %d a second', (refillPerSecond) => {
  const clock = manualClock()
  using limiter = createLimiter({ limit: 1, windowMs: 1000, burst: { capacity: 3, refillPerSecond }, clock })
  for (const years of [0, 1, 10, 50, 139]) {
    clock.set(Math.max(1, Math.floor(years * 365.25 * 86_400_000)) + Math.ceil(3000 / refillPerSecond))
    limiter.reset('a')
    expect(limiter.check('a', 4)).toMatchObject({ allowed: true, fromBurst: 3, burstRemaining: 0 })
    const toWait = Math.max(1001, Math.ceil(1000 / refillPerSecond))
    clock.advance(toWait - 1)
    if (refillPerSecond < 1) expect(limiter.peek('a', 2).allowed).toBe(false)
    clock.advance(1)
    expect(limiter.peek('a', 2)).toMatchObject({ allowed: true, fromBurst: 1 })
  }
})

test('tokens are never told to be more than the capacity', () => {
  const clock = manualClock()
  for (const capacity of [0.1, 0.7, 1.1, 4.35, 33.3, 100.7, 1e9 - 0.1]) {
    using limiter = createLimiter({ burst: { capacity, refillPerSecond: 1e9 }, clock, maxUsers: 10 })
    clock.advance(1e9)
    expect(limiter.getBurstAllowance('a')).toBe(capacity)
    expect(limiter.check('a').burstRemaining).toBe(capacity)
  }
})

test('a clock may use the limiter that it is the clock of', async () => {
  let calls = 0
  const limiter = await loadLimiter({
    limit: 1,
    burst: false,
    sweepIntervalMs: 0,
    clock: () => {
      if (calls++ === 1) limiter.isAllowed('other')
      return 0
    },
  })
  expect(limiter.isAllowed('a')).toBe(true)
  expect(limiter.isAllowed('a')).toBe(false)
  expect(limiter.isAllowed('other')).toBe(false)
  limiter.close()
})

test('a manual clock takes finite numbers only', () => {
  expect(() => manualClock(Number.NaN)).toThrow(RangeError)
  expect(() => manualClock('5' as never)).toThrow(
    new TypeError('manualClock: startMs must be a finite number of milliseconds, not "5"'),
  )
  const clock = manualClock(5)
  expect(() => clock.set('6' as never)).toThrow(TypeError)
  expect(() => clock.advance(null as never)).toThrow(TypeError)
  expect(() => clock.advance(Infinity)).toThrow(RangeError)
  expect(() => clock.set(Number.NaN)).toThrow(RangeError)
  expect(clock()).toBe(5)
  clock.advance(2.5)
  expect(clock()).toBe(7.5)
})

test('the quota tells what the options and their defaults come to, and cannot be changed', async () => {
  const expected: [LimiterOptions, Quota][] = [
    [{}, { limit: 50, windowMs: 1000, capacity: 100, refillPerSecond: 1 }],
    [
      { limit: 5, windowMs: 60_000 },
      { limit: 5, windowMs: 60_000, capacity: 0, refillPerSecond: 0 },
    ],
    [
      { limit: 5, burst: { capacity: 2 } },
      { limit: 5, windowMs: 1000, capacity: 2, refillPerSecond: 1 },
    ],
  ]
  for (const [options, quota] of expected) {
    const limiter = await loadLimiter(options)
    limiter.close()
    expect(limiter.quota).toEqual(quota)
    expect(Object.isFrozen(limiter.quota)).toBe(true)
  }
})
