/**
 * What the suites are told: how much to measure, which subjects, and where to show progress.
 */
import type { Progress } from '../progress.js'
import type { Failure, Header, Mode } from '../results.js'
import type { SubjectSpec } from '../subjects/subject.js'

export interface Plan {
  readonly mode: Mode
  readonly header: Header
  readonly seed: number
  readonly progress: Progress
  readonly subjects: readonly SubjectSpec[]
}

/** A large population, and a window that outlasts the measurement: a Map takes minutes to delete so many users. */
export const LARGE_USERS = 10_000_000
export const LARGE_WINDOW_MS = 600_000

/** Runs a measurement of a subject. A failure is noted, so that one subject does not end the run of all. */
export async function attempt<T>(
  failures: Failure[],
  subject: string,
  what: string,
  measure: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await measure()
  } catch (error) {
    failures.push({ subject, what, error: error instanceof Error ? error.message : String(error) })
    return undefined
  }
}
