/** Values that may be there already: what is synchronous stays so. */
import { describe } from '../limiter/index.js'
import { warnOnce } from './warnings.js'

/** A value, or a promise of it. */
export type Eventually<Value> = Value | PromiseLike<Value>

export function isPromise<Value>(value: Eventually<Value>): value is PromiseLike<Value> {
  // Looking up `then` on a string is slow, and strings are most of what is asked about.
  return typeof value === 'object' && typeof (value as PromiseLike<Value> | null)?.then === 'function'
}

/** Goes on with a value, at once if it is there. */
export function after<Value, Result>(
  value: Eventually<Value>,
  goOn: (value: Value) => Eventually<Result>,
): Eventually<Result> {
  return isPromise(value) ? value.then(goOn) : goOn(value)
}

/**
 * Calls what may fail, now or later: then gives what `instead` gives, or nothing.
 *
 * @param name what a warning calls it; `''` for no warning
 */
export function attempt<Value>(
  name: string,
  call: () => Eventually<Value>,
  instead: (error: unknown) => Eventually<Value> = () => undefined as never,
): Eventually<Value> {
  const failed = (error: unknown) => {
    if (name) warnOnce(`SPILLWAY_${name.toUpperCase()}`, `${name} failed: ${messageOf(error)}`)
    return instead(error)
  }
  try {
    const value = call()
    return isPromise(value) ? value.then(undefined, failed) : value
  } catch (error) {
    return failed(error)
  }
}

/** Rejects if a promise takes too long. The timer ends with it. */
export function inTime<Value>(value: PromiseLike<Value>, ms: number): Promise<Value> {
  let timer: ReturnType<typeof setTimeout>
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no decision within ${ms} ms`)), ms)
  })
  return Promise.race([value, late]).finally(() => clearTimeout(timer))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : describe(error)
}
