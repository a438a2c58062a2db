/** Exactness of all subjects that limit anything. */
import type { ExactnessResults, Failure } from '../results.js'
import { runAlone } from '../subject-process.js'
import type { Plan } from './plan.js'
import { attempt } from './plan.js'

const FEW_USERS = 1000

export async function runExactness(plan: Plan): Promise<ExactnessResults> {
  const failures: Failure[] = []
  const subjects: ExactnessResults['subjects'][number][] = []
  // The same limiter on another clock is as exact, and faked time is the same for both.
  const specs = plan.subjects.filter(({ group, name }) => group !== 'floor' && name !== 'map-fixed-date')
  for (const { name, hasTokens } of specs) {
    // Tokens admit beyond the limit by intent, so they are off where subjects are compared; then it is shown what they do.
    for (const burst of hasTokens ? [false, true] : [false]) {
      plan.progress.show(`exactness: ${name}`)
      const setup = { subject: name, burst, seed: plan.seed }
      const result = await attempt(failures, name, 'exactness', () => runAlone('exactness', setup, FEW_USERS))
      if (result) subjects.push({ subject: name, burst, ...result })
    }
  }
  return { ...plan.header, failures, subjects }
}
