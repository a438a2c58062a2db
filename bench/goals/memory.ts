/** Goals of the memory suite. */
import type { Results } from '../results.js'
import { MB } from '../tables/figures.js'
import type { Goal } from './goal.js'
import { judge, MILLION } from './goal.js'

export function memoryGoals({ memory }: Results): Goal[] {
  const run = (requests: number) =>
    memory?.runs.find(({ setup }) => setup.subject === 'spillway' && setup.requests === requests)?.result
  const users = memory?.users ?? MILLION
  const bytesAUser = (requests: number) => {
    const result = run(requests)
    return result && (result.full.rss - result.before.rss) / users
  }
  const bytes = (what: string, requests: number, bound: number) =>
    judge(
      'memory',
      `Resident bytes a user at ${users} users, ${what}`,
      `at most ${bound}`,
      bytesAUser(requests),
      (measured) => measured <= bound,
      (measured) => measured.toFixed(0),
    )
  const spike = run(1)
  const left = spike?.stale && (spike.stale.rss - spike.before.rss) / MB
  return [
    bytes('1 request each', 1, 125),
    bytes('16 requests each in the window', 16, 125),
    bytes('all at the limit', 50, 250),
    judge(
      'memory',
      'Resident memory after the spike is stale, beyond that before it',
      'at most 32 MB',
      left,
      (measured) => measured <= 32,
      (measured) => `${measured.toFixed(0)} MB`,
    ),
  ]
}
