/** Values that may be there already: what is synchronous stays so. */
import { describe } from '../limiter/index.js'
import { warnOnce } from './warnings.js'

/** A value, or a promise of it. */
export type Eventually<Value> = Value | PromiseLike<Value>

export function isPromise<Value>(value: Eventually<Value>): value is PromiseLike<Value> {
  // Looking up `then` on a string is slow, and strings are most of what is asked about.
  return (
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as PromiseLike<Value> | null)?.then === 'function'
  )
}

/** Goes on with a value, at once if it is there. */
export function after<Value, Result>(
  value: Eventually<Value>,
  goOn: (value: Value) => Eventually<Result>,
): Eventually<Result> {
  return isPromise(value) ? value.then(goOn) : goOn(value)
}

/**
 * Calls a function of the service that is not to disturb: what it throws, now or later, is warned of, and what `instead`
 * gives takes its place.
 */
export function attempt<Value>(
  name: string,
  call: () => Eventually<Value>,
  instead: () => Eventually<Value>,
): Eventually<Value> {
  const failed = (error: unknown) => {
    warnOnce(`SPILLWAY_${name.toUpperCase()}`, `${name} failed: ${messageOf(error)}`)
    return instead()
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
    timer = setTimeout(() => reject(new Error(`no decision within ${ms} ms (timeoutMs)`)), ms)
  })
  return Promise.race([value, late]).finally(() => clearTimeout(timer))
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : describe(error)
}
