/** Both sides of the ABI know the same numbers. */
import { expect, test } from 'vitest'
import * as abi from '../../src/limiter/abi.js'
import { instantiate } from '../../src/limiter/instantiate.js'
import { builds } from '../support/builds.js'

const [release, debug] = builds.map(({ module }) => instantiate(module)) as unknown as Record<string, unknown>[]

test("every constant that the debug build of the core exports is the wrapper's, and the other way round", () => {
  const ofCore = Object.fromEntries(
    Object.entries(debug!).flatMap(([name, value]) =>
      value instanceof WebAssembly.Global ? [[name, value.value as number]] : [],
    ),
  )
  // What only one side needs.
  const { PASSING: _passing, ADMITTED: _admitted, COUNTS: _counts, STATISTICS, REASONS, ON_FULL, ...rest } = abi
  expect(ofCore).toEqual({ ...rest, ...byPlace(STATISTICS), ...REASONS, ...byPlace(ON_FULL) })
})

/** Names with their places, spelled as the core spells constants. */
function byPlace(names: readonly string[]): Record<string, number> {
  return Object.fromEntries(names.map((name, at) => [name.replace(/[A-Z]/g, '_$&').toUpperCase(), at]))
}

test('the release build exports functions and memory only', () => {
  for (const [name, value] of Object.entries(release!)) {
    if (name === 'memory') expect(value).toBeInstanceOf(WebAssembly.Memory)
    else expect(value).toBeTypeOf('function')
  }
})
