/** Headers as clients read them: parsed back by a library for structured fields, and true on a manual clock. */
import fc from 'fast-check'
import { parseDictionary, parseItem, parseList } from 'structured-headers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { HeaderStyle, RateLimitOptions } from '../../src/http/index.js'
import { createEvaluator, rateLimitHeaders, retryAfterSeconds } from '../../src/http/index.js'
import type { LimiterOptions } from '../../src/index.js'
import { createLimiter, manualClock } from '../../src/index.js'
import { TICKS } from '../../src/limiter/index.js'
import { expectSame } from '../support/same.js'

const RUNS = process.env.CI ? 200 : 100

afterEach(() => vi.useRealTimers())

/** A client whose headers can be asked for. */
function client(options: LimiterOptions, more: Partial<RateLimitOptions<[], unknown>> = {}) {
  const clock = manualClock()
  const limiter = createLimiter({ sweepIntervalMs: 0, clock, ...options })
  const evaluate = createEvaluator<[]>({ limiter, key: () => 'a', ...more } as RateLimitOptions<[], unknown>)
  return { clock, limiter, ask: () => headersOf(evaluate) }
}

function headersOf(evaluate: ReturnType<typeof createEvaluator<[]>>): Record<string, string> {
  const outcome = evaluate()
  if (outcome instanceof Promise) expect.fail('an outcome that was to be there at once')
  return Object.fromEntries(outcome.headers)
}

/** A list of structured fields as plain objects. */
function list(field: string) {
  return parseList(field).map(([name, parameters]) => ({ name, ...Object.fromEntries(parameters) }))
}

describe('draft 11, the default', () => {
  test('one limit', () => {
    const { ask } = client({ limit: 2, windowMs: 60_000 })
    expect(ask()).toEqual({ 'ratelimit-policy': '"default";q=2;w=60', ratelimit: '"default";r=1;t=60' })
    expect(ask()).toEqual({ 'ratelimit-policy': '"default";q=2;w=60', ratelimit: '"default";r=0;t=60' })
    expect(ask()).toEqual({
      'ratelimit-policy': '"default";q=2;w=60',
      ratelimit: '"default";r=0;t=60',
      'retry-after': '60',
    })
  })

  test('tokens are a second policy, in whole tokens and without a window', () => {
    const { ask, clock } = client({})
    clock.advance(5500)
    const headers = ask()
    expect(headers).toEqual({
      'ratelimit-policy': '"default";q=50;w=1, "burst";q=100',
      ratelimit: '"default";r=49;t=1, "burst";r=5',
    })
    expect(list(headers['ratelimit-policy'])).toEqual([
      { name: 'default', q: 50, w: 1 },
      { name: 'burst', q: 100 },
    ])
  })

  test('a capacity without a whole token is no policy', () => {
    const { ask } = client({ limit: 1, burst: { capacity: 0.9 } })
    expect(list(ask().ratelimit)).toEqual([{ name: 'default', r: 0, t: 1 }])
  })

  test('several limits; one that did not deny tells no time that Retry-After would be before', () => {
    const clock = manualClock()
    const [second, day] = [
      { limit: 1, windowMs: 1000, burst: { capacity: 2 } },
      { limit: 9, windowMs: 86_400_000 },
    ].map((options) => createLimiter({ ...options, sweepIntervalMs: 0, clock }))
    const key = () => 'a'
    const evaluate = createEvaluator<[]>({
      limits: [
        { name: 'second', limiter: second, key },
        { name: 'day', limiter: day, key },
      ],
    })
    expect(list(headersOf(evaluate).ratelimit)).toEqual([
      { name: 'second', r: 0, t: 1 },
      { name: 'second-burst', r: 0 },
      { name: 'day', r: 8, t: 86_400 },
    ])
    const denied = headersOf(evaluate)
    expect(list(denied.ratelimit)).toEqual([
      { name: 'second', r: 0, t: 1 },
      { name: 'second-burst', r: 0 },
      { name: 'day', r: 8 },
    ])
    expect(denied['retry-after']).toBe('1')
  })

  test('pk where it is asked for, as bytes of UTF-8', () => {
    const { ask } = client({ limit: 2, burst: { capacity: 2 } }, { partitionKey: (key) => `${key}é` })
    const headers = ask()
    for (const { pk } of [...list(headers['ratelimit-policy']), ...list(headers.ratelimit)] as unknown[] as {
      pk: ArrayBuffer
    }[]) {
      expect(new TextDecoder().decode(pk)).toBe('aé')
    }
  })

  test('the limit of the request is its policy', () => {
    const { ask } = client({ limit: 9 }, { limit: () => 3 })
    expect(list(ask()['ratelimit-policy'])).toEqual([{ name: 'default', q: 3, w: 1 }])
  })

  test('what never comes has no time', () => {
    const { ask } = client({ limit: 9 }, { limit: 0 })
    expect(ask()).toEqual({ 'ratelimit-policy': '"default";q=0;w=1', ratelimit: '"default";r=0' })
  })

  test('a block is longer than the window, and Retry-After says so', () => {
    const { ask, limiter } = client({ limit: 9 })
    limiter.block('a', 60_000)
    expect(ask()['retry-after']).toBe('60')
    limiter.block('a', Infinity)
    expect(ask()['retry-after']).toBeUndefined()
  })

  test('who is blocked, or finds no room, is promised nothing', () => {
    const { ask, limiter, clock } = client({ limit: 9, burst: {} })
    clock.advance(7000)
    limiter.block('a', 5000)
    expect(ask().ratelimit).toBe('"default";r=0;t=5, "burst";r=0')
    const full = client({ limit: 9, maxUsers: 1, onFull: 'deny' })
    full.limiter.block('b', Infinity)
    expect(full.ask().ratelimit).toBe('"default";r=0')
  })

  test('who asked for more than is left is told what is', () => {
    const { ask } = client({ limit: 9, burst: {} }, { cost: 6 })
    ask()
    expect(list(ask().ratelimit)).toEqual([
      { name: 'default', r: 3, t: 1 },
      { name: 'burst', r: 0 },
    ])
  })

  test('a limit that fell below what was taken leaves 0', () => {
    const { ask, limiter } = client({ limit: 9 }, { limit: 3 })
    limiter.isAllowed('a', 8)
    expect(ask().ratelimit).toBe('"default";r=0;t=1')
  })

  test('a limit of 0 with tokens: those are admitted, and the window never gives any', () => {
    const { ask, clock } = client({ limit: 9, burst: {} }, { limit: 0 })
    clock.advance(2000)
    expect(ask().ratelimit).toBe('"default";r=0, "burst";r=1')
  })

  test.each([
    [100, 1],
    [999.5, 1],
    [1500, 2],
  ])('a window of %d ms has %d s', (windowMs, w) => {
    const { ask } = client({ limit: 9, windowMs })
    expect(list(ask()['ratelimit-policy'])).toEqual([{ name: 'default', q: 9, w }])
  })

  test.each(['draft-11', 'draft-7', 'draft-6', 'legacy'] as const)(
    'a wait longer than structured fields can say is none: %s',
    (headers) => {
      const options = { limit: 9, burst: { capacity: 5, refillPerSecond: 1e-300 } }
      const text = JSON.stringify(client(options, { limit: 0, headers }).ask())
      expect(text).not.toMatch(/Retry-After|;t=|e\+|\d{16}/)
    },
  )

  test('largest numbers are still structured fields', () => {
    const { ask } = client({ limit: 1e9, windowMs: Number.MAX_SAFE_INTEGER, burst: { capacity: 1e9 } })
    const headers = ask()
    expect(list(headers['ratelimit-policy'])[0]).toEqual({ name: 'default', q: 1e9, w: 9_007_199_254_741 })
    expect(list(headers.ratelimit)[0]).toMatchObject({ r: 999_999_999 })
  })
})

describe('styles with room for one limit', () => {
  const options = { limit: 2, windowMs: 60_000, burst: { capacity: 3, refillPerSecond: 0.01 } }

  test('draft 7', () => {
    const headers = client(options, { headers: 'draft-7' }).ask()
    expect(Object.fromEntries([...parseDictionary(headers.ratelimit)].map(([name, [value]]) => [name, value]))).toEqual(
      { limit: 2, remaining: 1, reset: 60 },
    )
    expect(list(headers['ratelimit-policy'])).toEqual([{ name: 2, w: 60, burst: 3 }])
  })

  test('draft 6', () => {
    const headers = client(options, { headers: 'draft-6' }).ask()
    const numbers = ['limit', 'remaining', 'reset'].map((name) => parseItem(headers[`ratelimit-${name}`])[0])
    expect(numbers).toEqual([2, 1, 60])
    expect(list(headers['ratelimit-policy'])).toEqual([{ name: 2, w: 60, burst: 3 }])
  })

  test('legacy: the time of reset in seconds since 1970', () => {
    vi.useFakeTimers({ now: 1_000_000_500 })
    const { ask } = client({ limit: 1, windowMs: 60_000 }, { headers: 'legacy' })
    const headers = { 'x-ratelimit-limit': '1', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1000061' }
    expect(ask()).toEqual(headers)
    expect(ask()).toEqual({ ...headers, 'retry-after': '60' })
  })

  test('with room for one limit they tell of the longest to wait for, or else of the least left', () => {
    const clock = manualClock()
    const limiters = [5, 3, 4].map((limit) =>
      createLimiter({ limit, windowMs: limit * 1000, sweepIntervalMs: 0, clock }),
    )
    const evaluate = createEvaluator<[]>({
      headers: 'draft-7',
      limits: limiters.map((limiter) => ({ limiter, key: () => 'a' })),
    })
    expect(headersOf(evaluate)).toEqual({
      'ratelimit-policy': '5;w=5, 3;w=3, 4;w=4',
      ratelimit: 'limit=3, remaining=2, reset=3',
    })
    limiters[2].block('a', 2000)
    limiters[0].block('a', 2500)
    expect(headersOf(evaluate)).toMatchObject({ ratelimit: 'limit=5, remaining=0, reset=3', 'retry-after': '3' })
  })

  test('what never comes has the window, for want of a word', () => {
    const { ask } = client({ limit: 9, windowMs: 5000 }, { headers: 'draft-7', limit: 0 })
    expect(ask()).toMatchObject({ ratelimit: 'limit=0, remaining=0, reset=5' })
  })

  test('false: none at all', () => {
    const { ask } = client({ limit: 1 }, { headers: false })
    expect([ask(), ask()]).toEqual([{}, {}])
  })
})

test('the functions by themselves', () => {
  const limiter = createLimiter({ limit: 1, sweepIntervalMs: 0, clock: manualClock() })
  limiter.isAllowed('a')
  const part = { name: 'x', key: 'a', cost: 1, quota: limiter.quota, partition: undefined }
  const decision = limiter.check('a')
  const verdict = { allowed: false, shadow: false, limits: [{ ...part, decision }], denied: ['x'], retryAfterMs: 1000 }
  expect(retryAfterSeconds(verdict)).toBe(1)
  expect(rateLimitHeaders(verdict)).toEqual([
    ['ratelimit-policy', '"x";q=1;w=1'],
    ['ratelimit', '"x";r=0;t=1'],
    ['retry-after', '1'],
  ])
  expect(rateLimitHeaders(verdict, false)).toEqual([])
})

/** The seconds that a client is told to wait, whatever the style. */
const WAITS: { [Style in HeaderStyle]: (headers: Record<string, string>) => number } = {
  'draft-11': ({ ratelimit }) => (list(ratelimit)[0] as unknown as { t: number }).t,
  'draft-7': ({ ratelimit }) => parseDictionary(ratelimit).get('reset')?.[0] as number,
  'draft-6': (headers) => Number(headers['ratelimit-reset']),
  legacy: (headers) => Number(headers['x-ratelimit-reset']) - Date.now() / 1000,
}

const quotas = fc.record({
  limit: fc.oneof(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 60, max: 300 })),
  windowMs: fc.oneof(
    fc.integer({ min: 1, max: 100 }).map((seconds) => seconds * 1000),
    fc.integer({ min: 1, max: 100_000 }),
    fc.double({ min: 1, max: 100_000, noNaN: true }),
  ),
  burst: fc.record({
    capacity: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 20, noNaN: true })),
    refillPerSecond: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 5, noNaN: true })),
  }),
})

test.each(Object.keys(WAITS) as HeaderStyle[])(
  'who waits as %s and Retry-After tell, and two ticks, is admitted; neither is above the window',
  (style) => {
    vi.useFakeTimers({ now: 1_700_000_000_000 })
    const gap = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1.2, noNaN: true }))
    fc.assert(
      fc.property(quotas, fc.array(gap, { minLength: 1, maxLength: 40 }), (options, gaps) => {
        const { ask, clock, limiter } = client(options, { headers: style })
        const { limit, windowMs } = options
        let denials = 0
        for (const windows of gaps) {
          clock.advance(windows * windowMs)
          // Denied, sooner or later.
          for (let asked = 0; asked <= limit + options.burst.capacity; asked++) {
            const headers = ask()
            const retryAfter = headers['retry-after']
            const t = WAITS[style](headers)
            expectSame(t <= Math.ceil(windowMs / 1000), true, `${t} s are above the window`)
            if (retryAfter === undefined) continue
            denials++
            expect(Number(retryAfter)).toBeGreaterThanOrEqual(t)
            expect(Number(retryAfter)).toBeLessThanOrEqual(Math.ceil(windowMs / 1000))
            clock.advance(t * 1000 + 2 * (windowMs / TICKS))
            expect(limiter.peek('a').allowed).toBe(true)
            break
          }
        }
        expect(denials).toBeGreaterThan(0)
      }),
      { numRuns: RUNS },
    )
  },
)
