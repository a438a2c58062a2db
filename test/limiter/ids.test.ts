/** Any string is an id, and different strings are different users. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadLimiter } from '../../src/index.js'
import { builds } from '../support/builds.js'
import { expectSame } from '../support/same.js'

const ids = [
  '',
  '\0',
  '\0\0',
  'a',
  'a\0',
  'a\0b',
  '\0a',
  'b',
  'ab',
  'ba',
  '123e4567-e89b-42d3-a456-426614174000',
  '123e4567-e89b-42d3-a456-426614174001',
  '223e4567-e89b-42d3-a456-426614174000',
  'é',
  'e\u0301',
  '\u00ff',
  '\u0100',
  '\u6161',
  'aa',
  'Ω≈ç√',
  'пользователь',
  '用户一二三',
  'مستخدم',
  '😀',
  '😁',
  '\ud83d',
  '\ude00',
  '\ude00\ud83d',
  '\ufffd',
  ...['x', 'é', '用'].flatMap((unit) =>
    [7, 8, 9, 127, 128, 129, 511, 512, 513, 1000, 1023, 1024, 1025, 2048, 2049, 100_000].flatMap((length) => [
      unit.repeat(length),
      `${unit.repeat(length - 1)}y`,
      `y${unit.repeat(length - 1)}`,
    ]),
  ),
  // Wide only at the very end, so that the first chunks look narrow.
  `${'x'.repeat(5000)}用`,
  `${'x'.repeat(5000)}x`,
]

describe.each(builds)('on the $name build', ({ module }) => {
  test('all of these are distinct users, and each stays itself', async () => {
    expect(new Set(ids).size).toBe(ids.length)
    using limiter = await loadLimiter({ limit: 1, burst: false, sweepIntervalMs: 0, clock: () => 0, module })
    for (const id of ids) expect(limiter.isAllowed(id), describeId(id)).toBe(true)
    expect(limiter.stats().users).toBe(ids.length)
    // Three times, so that ids get into the memo and are found in it.
    for (let round = 0; round < 3; round++) {
      for (const id of ids) {
        expect(limiter.isAllowed(id), describeId(id)).toBe(false)
        // Equal, but another string object.
        expect(limiter.isAllowed([...id.split('')].join('')), describeId(id)).toBe(false)
      }
    }
    expect(limiter.stats().users).toBe(ids.length)
  })

  test('any set of strings is told apart', async () => {
    const anyString = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units)),
    )
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(anyString, { maxLength: 50 }), async (strings) => {
        using limiter = await loadLimiter({
          limit: 2,
          burst: false,
          sweepIntervalMs: 0,
          clock: () => 0,
          maxUsers: 1000,
          module,
        })
        for (const id of [...strings, ...strings]) expectSame(limiter.isAllowed(id), true)
        for (const id of strings) expectSame(limiter.isAllowed(id), false)
        expect(limiter.stats().users).toBe(strings.length)
      }),
    )
  })
})

function describeId(id: string): string {
  return `${id.length} units, ${JSON.stringify(id.slice(0, 12))}…${JSON.stringify(id.slice(-3))}`
}
