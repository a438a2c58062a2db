/**
 * What the benchmarks are to show, and whether they do. What needs a comparison is compared within one run.
 */
import type { Results } from '../results.js'
import { exactnessGoals } from './exactness.js'
import { fleetGoals } from './fleet.js'
import type { Goal } from './goal.js'
import { httpGoals } from './http.js'
import { loadingGoals } from './loading.js'
import { memoryGoals } from './memory.js'
import { queueGoals } from './queue.js'
import { tailGoals } from './tail.js'
import { throughputGoals } from './throughput.js'

/** All goals; those that the results say nothing of are left without a judgement. */
export function goalsOf(results: Results): Goal[] {
  return [
    ...throughputGoals(results),
    ...exactnessGoals(results),
    ...tailGoals(results),
    ...memoryGoals(results),
    ...loadingGoals(results),
    ...httpGoals(results),
    ...queueGoals(results),
    ...fleetGoals(results),
  ]
}
