/** Limits as servers tell them: ours in every style, others' as they are documented, and those that mean harm. */
import fc from 'fast-check'
import { serializeList } from 'structured-headers'
import { describe, expect, test, vi } from 'vitest'
import type { RateLimitOptions } from '../../src/http/index.js'
import { createEvaluator } from '../../src/http/index.js'
import { createLimiter, manualClock } from '../../src/index.js'
import { readServerLimits } from '../../src/queue/server-limits.js'
import { HEADER_STYLES } from '../http/support/styles.js'
import { expectEqual, expectSame } from '../support/same.js'

const RUNS = process.env.CI ? 500 : 200
const NOW = Date.UTC(2026, 0, 1)
const DAY_MS = 86_400_000
const NOTHING = { remaining: undefined, resetMs: undefined, retryAfterMs: undefined }

function read(headers: Record<string, string>) {
  return readServerLimits(new Headers(headers), NOW)
}

describe('Retry-After', () => {
  test.each([
    ['120', 120_000],
    ['0', 0],
    ['0.5', 500],
    ['-5', 0],
    ['Thu, 01 Jan 2026 00:02:00 GMT', 120_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['Thursday, 01-Jan-26 00:02:00 GMT', 120_000],
    ['99999999', DAY_MS],
    ['1e999', DAY_MS],
    [`${NOW / 1000 + 5}`, 5000],
  ])('%s', (text, ms) => {
    expect(read({ 'Retry-After': text })).toEqual({ ...NOTHING, retryAfterMs: ms })
  })

  test.each(['', ' ', 'soon', '1, 2', 'NaN', 'Thu, 99 Jan 2026 00:99:00 GMT'])('is not there: %j', (text) => {
    expect(read({ 'Retry-After': text })).toEqual(NOTHING)
  })

  test('a date is held to the date of the server where the clock is far from it', () => {
    const headers = { Date: 'Thu, 01 Jan 2026 05:00:00 GMT', 'Retry-After': 'Thu, 01 Jan 2026 05:00:07 GMT' }
    expect(read(headers).retryAfterMs).toBe(7000)
    expect(read({ ...headers, Date: 'never' }).retryAfterMs).toBe(5 * 3_600_000 + 7000)
  })
})

describe('RateLimit', () => {
  test.each([
    ['"default";r=49;t=1', 49, 1000],
    ['"default";r=0;t=60;pk=:YWJj:', 0, 60_000],
    ['default;r=5;t=10', 5, 10_000],
    ['  "a" ; r=3 ; t=2  ', 3, 2000],
    ['"a, b;r=0;t=9";r=3;t=2', 3, 2000],
    ['"a\\";r=0;t=9";r=3;t=2', 3, 2000],
    ['"a";x=";r=0;t=9,";r=3;t=2', 3, 2000],
    ['"a";r=3;t=2, "b";r=1;t=86400, "c";r=2;t=5', 1, DAY_MS],
    ['"a";r=1;t=2, "b";r=1;t=5, "c";r=1;t=3', 1, 5000],
    ['"default";r=0;t=1, "burst";r=0', 0, 1000],
    ['limit=50, remaining=49, reset=1', 49, 1000],
    ['limit=50,remaining=0,reset=60', 0, 60_000],
  ])('%s', (RateLimit, remaining, resetMs) => {
    expect(read({ RateLimit })).toEqual({ ...NOTHING, remaining, resetMs })
  })

  test('without a time it is the window of its policy', () => {
    const headers = { RateLimit: '"hour";r=5, "day";r=9', 'RateLimit-Policy': '"day";q=10;w=86400, "hour";q=8;w=3600' }
    expect(read(headers)).toEqual({ ...NOTHING, remaining: 5, resetMs: 3_600_000 })
  })

  test('from a cache it tells nothing of now', () => {
    expect(
      read({ RateLimit: '"a";r=0;t=60', 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': '60', Age: '7' }),
    ).toEqual(NOTHING)
    expect(read({ RateLimit: '"a";r=0;t=60', Age: '0' }).remaining).toBe(0)
  })

  test('lines of the same name are one list', () => {
    const headers = new Headers({ RateLimit: '"a";r=5;t=2' })
    headers.append('RateLimit', '"b";r=1;t=9')
    expect(readServerLimits(headers, NOW)).toEqual({ ...NOTHING, remaining: 1, resetMs: 9000 })
  })
})

describe('one number a header, as those who send them document it', () => {
  test.each([
    ['draft 6', { 'RateLimit-Limit': '100', 'RateLimit-Remaining': '7', 'RateLimit-Reset': '50' }, 7, 50_000],
    ['GitHub', { 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': `${NOW / 1000 + 90}` }, 0, 90_000],
    ['X', { 'x-rate-limit-remaining': '3', 'x-rate-limit-reset': `${NOW / 1000 + 900}` }, 3, 900_000],
    ['milliseconds since 1970', { 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': `${NOW + 1500}` }, 0, 1500],
    ['a time that has passed', { 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': `${NOW / 1000 - 5}` }, 0, 0],
    [
      'Discord',
      {
        'X-RateLimit-Remaining': '1',
        'X-RateLimit-Reset': `${NOW / 1000 + 99}.45`,
        'X-RateLimit-Reset-After': '0.25',
      },
      1,
      250,
    ],
    ['OpenAI', { 'x-ratelimit-remaining-requests': '59', 'x-ratelimit-reset-requests': '6m0s' }, 59, 360_000],
    ['OpenAI', { 'x-ratelimit-remaining-requests': '59', 'x-ratelimit-reset-requests': '1h2m3.5s' }, 59, 3_723_500],
    ['OpenAI', { 'x-ratelimit-remaining-requests': '59', 'x-ratelimit-reset-requests': '120ms' }, 59, 120],
    [
      'Anthropic',
      {
        'anthropic-ratelimit-requests-remaining': '0',
        'anthropic-ratelimit-requests-reset': '2026-01-01T00:00:30Z',
      },
      0,
      30_000,
    ],
  ])('%s', (_, headers, remaining, resetMs) => {
    expect(read(headers)).toEqual({ ...NOTHING, remaining, resetMs })
  })

  test.each([
    ['no time', { 'X-RateLimit-Remaining': '0' }],
    ['no count', { 'X-RateLimit-Reset': '5' }],
    ['no numbers', { 'X-RateLimit-Remaining': 'few', 'X-RateLimit-Reset': 'later' }],
    ['two counts', { 'X-RateLimit-Remaining': '5, 3', 'X-RateLimit-Reset': '5' }],
    ['a count that is none', { 'X-RateLimit-Remaining': 'NaN', 'X-RateLimit-Reset': '5' }],
  ])('%s: nothing', (_, headers) => {
    expect(read(headers as unknown as Record<string, string>)).toEqual(NOTHING)
  })
})

/** What the style says of a limiter with a window of whole seconds, after some requests. */

test.each(HEADER_STYLES)('what spillway/http sends is read: %s', (headers) => {
  vi.useFakeTimers({ now: NOW })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 86_400 }),
      fc.integer({ min: 1, max: 30 }),
      fc.boolean(),
      (limit, seconds, requests, tagged) => {
        const clock = manualClock()
        const limiter = createLimiter({ limit, windowMs: seconds * 1000, sweepIntervalMs: 0, clock })
        const partitionKey = tagged ? { partitionKey: (key: string) => `${key};r=1, "x";t=5` } : {}
        const evaluate = createEvaluator<[]>({ limiter, key: () => 'a', headers, ...partitionKey } as RateLimitOptions<
          [],
          unknown
        >)
        for (let sent = 1; sent <= requests; sent++) {
          const outcome = evaluate()
          if (outcome instanceof Promise) expect.fail('an outcome that was to be there at once')
          const said = readServerLimits(new Headers(outcome.headers as [string, string][]), Date.now())
          expectEqual(said, {
            remaining: Math.max(0, limit - sent),
            resetMs: seconds * 1000,
            retryAfterMs: sent > limit ? seconds * 1000 : undefined,
          })
        }
      },
    ),
    { numRuns: RUNS },
  )
  vi.useRealTimers()
})

test('what a library for structured fields writes is read, whatever the names and other parameters', () => {
  const word = fc.string({
    unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
    maxLength: 12,
  })
  const policy = fc.record({
    name: word,
    r: fc.integer({ min: 0, max: 1e6 }),
    t: fc.integer({ min: 0, max: 86_400 }),
    more: fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9_.*-]{2,6}$/), fc.oneof(word, fc.boolean(), fc.integer()), {
      maxKeys: 3,
    }),
  })
  fc.assert(
    fc.property(fc.array(policy, { minLength: 1, maxLength: 5 }), (policies) => {
      const field = serializeList(
        policies.map(({ name, r, t, more }) => [
          name,
          new Map<string, string | number | boolean>([...Object.entries(more), ['r', r], ['t', t]]),
        ]),
      )
      if (field.length > 1000 || /remaining=|reset=/.test(field)) return
      const least = Math.min(...policies.map(({ r }) => r))
      const longest = Math.max(...policies.filter(({ r }) => r === least).map(({ t }) => t))
      expect(read({ RateLimit: field })).toEqual({ ...NOTHING, remaining: least, resetMs: longest * 1000 })
    }),
    { numRuns: RUNS },
  )
})

describe('servers that mean harm', () => {
  const NAMES = [
    'date',
    'age',
    'retry-after',
    'ratelimit',
    'ratelimit-policy',
    'ratelimit-remaining',
    'ratelimit-reset',
    'x-ratelimit-remaining',
    'x-ratelimit-reset',
    'x-ratelimit-reset-after',
    'x-rate-limit-reset-requests',
  ]

  test('whatever they send, a number is one and in its range', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '"',
        '\\',
        ';',
        ',',
        '=',
        ':',
        'r=',
        't=',
        'w=',
        '"a";r=',
        ';t=',
        'remaining=',
        'reset=',
        '-',
        '.',
        'm',
        'ms',
        '1e9',
        'NaN',
        'Infinity',
        '0x',
      ),
      fc.double().map(String),
      fc.bigInt().map(String),
      fc.string(),
    )
    const text = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''))
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...NAMES), text), fc.double(), (headers, now) => {
        const { remaining, resetMs, retryAfterMs } = readServerLimits({ get: (name) => headers[name] ?? null }, now)
        expectSame(resetMs === undefined, remaining === undefined)
        expectSame((remaining ?? 0) >= 0, true, `remaining ${remaining}`)
        for (const ms of [resetMs ?? 0, retryAfterMs ?? 0]) expectSame(ms >= 0 && ms <= DAY_MS, true, `${ms} ms`)
      }),
      { numRuns: 5 * RUNS },
    )
  })

  test('of a hundred thousand policies the first are read, and no number is cut', () => {
    const said = read({
      RateLimit: Array.from({ length: 100_000 }, (_, i) => `"p${i}";r=${200_000 - i};t=60`).join(),
    })
    expect(said.resetMs).toBe(60_000)
    expect(said.remaining).toBeGreaterThan(200_000 - 100)
    expect(read({ RateLimit: `"${'a'.repeat(10_000)}";r=0;t=60` })).toEqual(NOTHING)
  })

  test.each([
    ['quotes', '"'],
    ['escaped quotes', '\\"'],
    ['an open string', '"a\\'],
    ['semicolons', ';'],
    ['spaces', ' '],
    ['semicolons and spaces', ' ; '],
    ['parameters', ';r='],
    ['digits', '1'],
    ['dots', '1.'],
    ['units', '1m'],
    ['an item', '"a";'],
  ])('the work is bounded: a megabyte of %s', (_, unit) => {
    const long = unit.repeat(1_000_000)
    // Just below the length that is read, and beyond any.
    for (const text of [`"${unit.repeat(990 / unit.length)}`, long, `"${long}`, `,${long}`, `1,${long}`]) {
      const start = performance.now()
      readServerLimits({ get: () => text }, NOW)
      // A parser that backtracks without bound would take hours.
      expect(performance.now() - start).toBeLessThan(10_000)
    }
  })
})
