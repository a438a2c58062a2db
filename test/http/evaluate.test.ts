/** Decisions of requests, whatever the framework: what is asked, what is counted, and what goes wrong. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Evaluate, LimitOptions, Outcome, RateLimitOptions, Verdict } from '../../src/http/index.js'
import type { Decision } from '../../src/index.js'
import { clock, limiterOf } from './support/limiter.js'

interface Asking {
  user?: string
  tenant?: string
  cost?: number | undefined
}

type Options = RateLimitOptions<[Asking], unknown>

const key = ({ user }: Asking) => user
const warn = vi.spyOn(console, 'warn')

/** Anew for each test, since warnings are given once. */
let createEvaluator: (options: Options) => Evaluate<[Asking]>

beforeEach(async () => {
  vi.resetModules()
  createEvaluator = (await import('../../src/http/evaluate.js')).createEvaluator
  warn.mockReset().mockImplementation(() => {})
})

afterEach(() => vi.useRealTimers())

/** An outcome that must be there at once. */
function now(outcome: Outcome | Promise<Outcome>): Outcome {
  return outcome instanceof Promise ? expect.fail('not there at once') : outcome
}

describe('one limit', () => {
  test('is decided at once, by the key', () => {
    const evaluate = createEvaluator({ limiter: limiterOf(2), key })
    const passed = ['a', 'a', 'a', 'b'].map((user) => now(evaluate({ user })).pass)
    expect(passed).toEqual([true, true, false, true])
  })

  test('cost and limit are of the options or of the request', () => {
    const limiter = limiterOf(10)
    const evaluate = createEvaluator({ limiter, key, cost: ({ cost }) => cost, limit: 7 })
    expect([3, undefined, 4, 3].map((cost) => now(evaluate({ user: 'a', cost })).pass)).toEqual([
      true,
      true,
      false,
      true,
    ])
    expect(limiter.peek('a').remaining).toBe(3)
  })

  test('a verdict tells all', () => {
    const told: unknown[] = []
    const limiter = limiterOf(1, { burst: { capacity: 2 } })
    const evaluate = createEvaluator({
      name: 'login',
      limiter,
      key,
      onDecision: (verdict, request) => told.push(verdict, request),
    })
    const request = { user: 'a' }
    const { verdict } = now(evaluate(request))
    expect(told).toEqual([verdict, request])
    expect(verdict).toEqual({
      allowed: true,
      shadow: false,
      denied: [],
      retryAfterMs: 0,
      limits: [
        {
          name: 'login',
          key: 'a',
          cost: 1,
          quota: limiter.quota,
          partition: undefined,
          decision: expect.objectContaining({ allowed: true, remaining: 0 }),
        },
      ],
    })
    expect(now(evaluate(request)).verdict).toMatchObject({ allowed: false, denied: ['login'], retryAfterMs: 60_000 })
  })
})

describe('several limits', () => {
  test('are decided together: a denied request takes from none', () => {
    const [mine, ours] = [limiterOf(9), limiterOf(2)]
    const evaluate = createEvaluator({
      limits: [
        { name: 'user', limiter: mine, key },
        { name: 'tenant', limiter: ours, key: ({ tenant }) => tenant, cost: 2 },
      ],
    })
    expect(now(evaluate({ user: 'a', tenant: 't' })).pass).toBe(true)
    const { pass, verdict } = now(evaluate({ user: 'a', tenant: 't' }))
    expect([pass, verdict?.denied]).toEqual([false, ['tenant']])
    expect(mine.peek('a').remaining).toBe(8)
  })

  test('are named by number', () => {
    const limiters = [limiterOf(1), limiterOf(1)]
    const evaluate = createEvaluator({ limits: limiters.map((limiter) => ({ limiter, key })) })
    evaluate({ user: 'a' })
    expect(now(evaluate({ user: 'a' })).verdict?.denied).toEqual(['limit-1', 'limit-2'])
  })
})

test('skip: not counted, no headers, no verdict; only true skips', async () => {
  const limiter = limiterOf(1)
  for (const skip of [() => true, async () => true]) {
    const evaluate = createEvaluator({ limiter, key, skip })
    expect(await evaluate({ user: 'a' })).toMatchObject({ pass: true, headers: [], verdict: undefined })
  }
  expect(limiter.stats().users).toBe(0)
  for (const skip of [() => 'yes' as never, async () => 1 as never, () => undefined]) {
    const evaluate = createEvaluator({ limiter, key, skip })
    expect((await evaluate({ user: 'b' })).verdict).toBeDefined()
  }
})

test('shadow: decides, counts and tells, sends nothing and denies nobody', () => {
  const verdicts: Verdict[] = []
  const limiter = limiterOf(1)
  const evaluate = createEvaluator({ limiter, key, shadow: true, onDecision: (verdict) => verdicts.push(verdict) })
  const outcomes = [evaluate({ user: 'a' }), evaluate({ user: 'a' })].map(now)
  expect(outcomes.map(({ pass, headers }) => ({ pass, headers }))).toEqual(
    new Array(2).fill({ pass: true, headers: [] }),
  )
  expect(verdicts.map(({ allowed, shadow }) => ({ allowed, shadow }))).toEqual([
    { allowed: true, shadow: true },
    { allowed: false, shadow: true },
  ])
  limiter.close()
  expect(now(evaluate({ user: 'a' })).pass).toBe(true)
})

describe('countOnly', () => {
  test.each([
    ['failed', 200, 3],
    ['failed', 401, 2],
    ['failed', 500, 2],
    ['succeeded', 200, 2],
    ['succeeded', 302, 2],
    ['succeeded', 404, 3],
  ] as const)('%s, answered with %i', (countOnly, status, remaining) => {
    const limiter = limiterOf(3)
    const { settle } = now(createEvaluator({ limiter, key, countOnly })({ user: 'a' }))
    expect(limiter.peek('a').remaining).toBe(2)
    settle?.(status)
    expect(limiter.peek('a').remaining).toBe(remaining)
  })

  test('a denied request has nothing to give back, and all others count without it', () => {
    const limiter = limiterOf(1)
    const evaluate = createEvaluator({ limiter, key, countOnly: 'failed' })
    expect([evaluate({ user: 'a' }), evaluate({ user: 'a' })].map((outcome) => typeof now(outcome).settle)).toEqual([
      'function',
      'undefined',
    ])
    expect(now(createEvaluator({ limiter, key })({ user: 'b' })).settle).toBeUndefined()
  })

  test('gives back places and tokens of each limit, also of a limiter that is there twice', () => {
    const limiter = limiterOf(3, { burst: { capacity: 10 } })
    clock.advance(20_000)
    const evaluate = createEvaluator({
      countOnly: 'succeeded',
      limits: [
        { name: 'one', limiter, key, cost: 4 },
        { name: 'two', limiter, key, cost: 2 },
      ],
    })
    const before = limiter.peek('a')
    const { settle } = now(evaluate({ user: 'a' }))
    expect(limiter.peek('a')).toMatchObject({ remaining: 0, burstRemaining: 7 })
    settle?.(404)
    expect(limiter.peek('a')).toMatchObject({ remaining: 3, burstRemaining: before.burstRemaining })
  })

  test('once, however often an answer is told', () => {
    const limiter = limiterOf(3)
    limiter.isAllowed('a')
    const { settle } = now(createEvaluator({ limiter, key, countOnly: 'failed' })({ user: 'a' }))
    for (const status of [200, 200]) settle?.(status)
    expect(limiter.peek('a').remaining).toBe(2)
    const counted = now(createEvaluator({ limiter, key, countOnly: 'failed' })({ user: 'a' }))
    for (const status of [401, 200]) counted.settle?.(status)
    expect(limiter.peek('a').remaining).toBe(1)
  })

  test('an answer that takes longer than the window gives back tokens, and no place that another took', () => {
    vi.useFakeTimers()
    const limiter = limiterOf(2, { burst: { capacity: 10, refillPerSecond: 0.1 } })
    clock.advance(30_000)
    const { settle } = now(createEvaluator({ limiter, key, countOnly: 'failed', cost: 5 })({ user: 'a' }))
    vi.advanceTimersByTime(60_001)
    clock.advance(60_001)
    const { burstRemaining } = limiter.peek('a')
    limiter.isAllowed('a')
    settle?.(200)
    expect(limiter.peek('a').remaining).toBe(1)
    expect(limiter.peek('a').burstRemaining).toBeGreaterThan(burstRemaining)
  })

  test('of a user who was blocked meanwhile: the block stays', () => {
    const limiter = limiterOf(3)
    const { settle } = now(createEvaluator({ limiter, key, countOnly: 'failed' })({ user: 'a' }))
    limiter.block('a', 1000)
    settle?.(200)
    expect(limiter.check('a')).toMatchObject({ reason: 'blocked', remaining: 3 })
  })

  test('a refund that fails changes nothing, and is warned of', async () => {
    const closed = limiterOf(1)
    const { settle } = now(createEvaluator({ limiter: closed, key, countOnly: 'failed' })({ user: 'a' }))
    closed.close()
    settle?.(200)
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('SPILLWAY_REFUND: refund failed: The limiter is closed'))
  })
})

describe('what takes time', () => {
  const later = <Value>(value: Value) => Promise.resolve(value)

  test('a key, a cost, a limit, or a limiter that gives a promise', async () => {
    const limiter = limiterOf(2)
    const far = {
      quota: limiter.quota,
      check: async (id: string, request?: number | object) => limiter.check(id, request),
    }
    const slow: Partial<LimitOptions<[Asking]>>[] = [
      { key: (request) => later(key(request)) },
      { cost: () => later(1) },
      { limit: () => later(2) },
      { limiter: far },
    ]
    for (const [index, more] of slow.entries()) {
      const evaluate = createEvaluator({ limiter, key, ...more })
      const outcome = evaluate({ user: `user${index}` })
      expect(outcome).toBeInstanceOf(Promise)
      expect((await outcome).pass).toBe(true)
      expect((await evaluate({ user: `user${index}`, cost: 1 })).pass).toBe(true)
      expect((await evaluate({ user: `user${index}` })).pass).toBe(false)
    }
  })

  test('what never comes is given up, and leaves no timer when it comes', async () => {
    vi.useFakeTimers()
    const limiter = limiterOf(2)
    const evaluate = createEvaluator({ limiter, key: () => new Promise<string>(() => {}), timeoutMs: 50 })
    const outcome = evaluate({})
    await vi.advanceTimersByTimeAsync(49)
    expect(warn).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(await outcome).toMatchObject({ pass: false, verdict: undefined })
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('no decision within 50 ms'))
    await createEvaluator({ limiter, key: () => later('a') })({})
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a request that cannot be decided', () => {
  const thrown = new Error('no session')
  const rejecting = () => Promise.reject(thrown)
  const throwing = () => {
    throw thrown
  }
  const failing: [string, Partial<Options>][] = [
    ['the key throws', { key: throwing }],
    ['the key rejects', { key: rejecting }],
    ['the key is missing', { key: () => undefined }],
    ['the key is empty', { key: () => '' }],
    ['the key is empty in time', { key: async () => null }],
    ['the key is no string', { key: () => 5 as never }],
    ['the cost throws', { cost: throwing }],
    ['the cost is out of range', { cost: () => 2 }],
    ['the cost is no number', { cost: () => '1' as never }],
    ['the limit rejects', { limit: rejecting }],
    ['the limit is out of range', { limit: async () => 1.5 }],
    ['skip throws', { skip: throwing }],
    ['skip rejects', { skip: rejecting }],
    ['partitionKey throws', { partitionKey: throwing }],
    ['a limiter rejects', { limiter: { quota: limiterOf(1).quota, check: rejecting as () => Promise<Decision> } }],
  ]

  test.each(failing)('%s: it does not go on, unless it shall', async (_, more) => {
    const options = { limiter: limiterOf(1), key: () => 'a', ...more } as Options
    expect(await createEvaluator(options)({})).toMatchObject({ pass: false, verdict: undefined, headers: [] })
    expect(await createEvaluator({ ...options, onError: 'allow' })({})).toMatchObject({
      pass: true,
      verdict: undefined,
    })
    // The first says all; the second has the same name.
    expect(warn).toHaveBeenCalledTimes(1)
    expect(warn.mock.calls[0][0]).toContain('SPILLWAY_DECISION: decision failed: ')
  })

  test('a limiter that is closed, and one among several', () => {
    const [open, closed] = [limiterOf(1), limiterOf(1)]
    closed.close()
    expect(now(createEvaluator({ limiter: closed, key })({ user: 'a' })).pass).toBe(false)
    const limits = [open, closed].map((limiter) => ({ limiter, key }))
    expect(now(createEvaluator({ limits })({ user: 'a' })).pass).toBe(false)
    expect(open.peek('a').remaining).toBe(1)
  })

  test('a function is told the error, and chooses; all but allow denies', () => {
    const heard: unknown[] = []
    for (const [answer, pass] of [
      ['allow', true],
      ['deny', false],
      [undefined, false],
      [true, false],
      [Promise.resolve('allow'), false],
    ]) {
      const onError = (error: unknown, request: Asking) => {
        heard.push(error, request)
        return answer as 'allow'
      }
      const request = {}
      expect(now(createEvaluator({ limiter: limiterOf(1), key: throwing, onError })(request)).pass).toBe(pass)
      expect(heard.splice(0)).toEqual([thrown, request])
    }
    expect(warn).not.toHaveBeenCalled()
    expect(now(createEvaluator({ limiter: limiterOf(1), key, onError: throwing })({})).pass).toBe(false)
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('SPILLWAY_ONERROR: onError failed: no session'))
  })

  test('several functions that fail, some before others throw: nothing is left unhandled', async () => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    const limits = [rejecting, rejecting, throwing].map((key) => ({ limiter: limiterOf(1), key }))
    expect((await createEvaluator({ limits })({})).pass).toBe(false)
    expect((await createEvaluator({ limits: limits.slice(0, 2) })({})).pass).toBe(false)
    // Node tells of those after a turn of the event loop.
    await new Promise(setImmediate)
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  test('onDecision that fails, now or later, changes nothing', async () => {
    for (const onDecision of [throwing, rejecting]) {
      const evaluate = createEvaluator({ limiter: limiterOf(1), key, onDecision })
      expect([evaluate({ user: 'a' }), evaluate({ user: 'a' })].map((outcome) => now(outcome).pass)).toEqual([
        true,
        false,
      ])
    }
    await new Promise(setImmediate)
    expect(warn.mock.calls).toEqual([['SPILLWAY_ONDECISION: onDecision failed: no session']])
  })
})

describe('options that are not accepted', () => {
  const limiter = limiterOf(1)
  const one = { limiter, key }
  test.each<[unknown, typeof TypeError | typeof RangeError, string]>([
    [undefined, TypeError, 'options must be an object, not undefined'],
    [{ ...one, max: 5 }, TypeError, 'options: there is no option "max"; there are name, limiter, key, cost'],
    [{ key }, TypeError, 'limiter must be a limiter, not undefined'],
    [{ key, limiter: Promise.resolve(limiter) }, TypeError, 'limiter must be a limiter, not an object of type Promise'],
    [{ key, limiter: { check: limiter.check } }, TypeError, 'limiter must be a limiter'],
    [{ limits: 'ab' }, TypeError, 'limits must be an array, not "ab"'],
    [{ ...one, onDecision: null }, TypeError, 'onDecision must be a function, not null'],
    [{ limiter }, TypeError, 'key must be a function, not undefined'],
    [{ ...one, key: 'ip' }, TypeError, 'key must be a function, not "ip"'],
    [{ ...one, cost: '5' }, TypeError, 'cost must be a number or a function, not "5"'],
    [{ ...one, limit: true }, TypeError, 'limit must be a number or a function, not true'],
    [{ ...one, name: 5 }, TypeError, 'name must be 1 to 64 printable ASCII characters but " and \\, not 5'],
    [{ ...one, name: 'a"b' }, RangeError, 'name must be 1 to 64 printable ASCII characters but " and \\'],
    [{ ...one, name: 'a\nb' }, RangeError, 'printable'],
    [{ ...one, name: 'a'.repeat(65) }, RangeError, 'printable'],
    [{ ...one, partitionKey: true }, TypeError, 'partitionKey must be a function, not true'],
    [{ ...one, skip: true }, TypeError, 'skip must be a function, not true'],
    [{ ...one, shadow: 1 }, TypeError, 'shadow must be true or false, not 1'],
    [
      { ...one, headers: 'draft-99' },
      RangeError,
      'headers must be "draft-11" or "draft-7" or "draft-6" or "legacy" or false, not',
    ],
    [{ ...one, headers: true }, TypeError, 'headers must be'],
    [{ ...one, onDenied: 'text' }, TypeError, 'onDenied must be a function'],
    [{ ...one, onDecision: {} }, TypeError, 'onDecision must be a function'],
    [{ ...one, onError: 'throw' }, RangeError, 'onError must be "deny" or "allow" or a function, not "throw"'],
    [{ ...one, countOnly: 'all' }, RangeError, 'countOnly must be "failed" or "succeeded", not "all"'],
    [{ ...one, timeoutMs: 0 }, RangeError, 'timeoutMs must be a number from 1 to 2147483647, not 0'],
    [{ ...one, timeoutMs: '5' }, TypeError, 'timeoutMs must be a number'],
    [{ ...one, limits: [one] }, TypeError, 'options beside limits: there is no option "limiter"; there are skip, '],
    [{ limits: one }, TypeError, 'limits must be an array, not an object of type Object'],
    [{ limits: [] }, RangeError, 'limits.length must be a whole number from 1 to 16, not 0'],
    [{ limits: new Array(17).fill(one) }, RangeError, 'limits.length must be a whole number from 1 to 16, not 17'],
    [{ limits: [one, { ...one, key: 5 }] }, TypeError, 'limits[1].key must be a function, not 5'],
    [{ limits: [{ ...one, skip: key }] }, TypeError, 'limits[0]: there is no option "skip"'],
    [
      {
        limits: [
          { ...one, name: 'x' },
          { ...one, name: 'x' },
        ],
      },
      RangeError,
      'limits[1].name: there are two "x"',
    ],
    [
      {
        limits: [
          { limiter: limiterOf(1, { burst: {} }), key, name: 'x' },
          { ...one, name: 'x-burst' },
        ],
      },
      RangeError,
      'limits[1].name: there are two "x-burst"',
    ],
    [
      { limits: [one, { ...one, limiter: { quota: limiter.quota, check: limiter.check } }] },
      TypeError,
      'limits[1].limiter must be made by loadLimiter or createLimiter, not an object',
    ],
    [
      { key, countOnly: 'failed', limiter: { quota: limiter.quota, check: limiter.check } },
      TypeError,
      'limiter must be one with refund, not an object',
    ],
  ])('%#', (options, kind, message) => {
    const attempt = () => createEvaluator(options as never)
    expect(attempt).toThrow(kind)
    expect(attempt).toThrow(message)
  })
})
