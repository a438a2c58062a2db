/** One thing that the benchmarks are to show, and whether they do. */
import type { ResultName } from '../results.js'

export interface Goal {
  readonly suite: ResultName
  readonly what: string
  readonly aim: string
  readonly measured: string
  /** `undefined` if this run did not measure it. */
  readonly met: boolean | undefined
}

/** The subject that stands for what one would write by hand. */
export const RIVAL = 'map-fixed'

export const MILLION = 1_000_000

export function judge<T>(
  suite: ResultName,
  what: string,
  aim: string,
  value: T | undefined,
  meets: (value: T) => boolean,
  write: (value: T) => string,
): Goal {
  if (value === undefined) return { suite, what, aim, measured: 'not measured in this run', met: undefined }
  return { suite, what, aim, measured: write(value), met: meets(value) }
}
