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
  for (const { name } of plan.subjects.filter(({ group, name }) => group !== 'floor' && name !== 'map-fixed-date')) {
    plan.progress.show(`exactness: ${name}`)
    const given = { subject: name, seed: plan.seed }
    const result = await attempt(failures, name, 'exactness', () => runAlone('exactness', given, FEW_USERS))
    if (result) subjects.push({ subject: name, ...result })
  }
  return { ...plan.header, failures, subjects }
}
