/** The goal of the exactness suite. */
import type { Results } from '../results.js'
import { LIMIT } from '../subjects/subject.js'
import type { Goal } from './goal.js'
import { judge } from './goal.js'

export function exactnessGoals({ exactness }: Results): Goal[] {
  return [
    judge(
      'exactness',
      'Most admitted in any second, tokens off',
      `${LIMIT}`,
      exactness?.subjects.find(({ subject, burst }) => subject === 'spillway' && !burst)?.worst,
      (worst) => worst === LIMIT,
      String,
    ),
  ]
}
