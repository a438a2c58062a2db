/**
 * Comparisons for loops of many thousands. Vitest prepares every `expect` for a failure, which takes it longer than what is tested
 * takes to answer, so it is asked only where there is one.
 */
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'

/** `expect(actual, message).toBe(expected)`, at the price of a comparison where they are the same. */
export function expectSame<T>(actual: T, expected: T, message?: string): void {
  if (!Object.is(actual, expected)) expect(actual, message).toBe(expected)
}

/** `expect(actual).toEqual(expected)`, at the price of a comparison where they are equal in every way. */
export function expectEqual(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toEqual(expected)
}
