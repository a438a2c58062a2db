/** Goals of the benchmark of queues. */
import { LIMIT } from '../queue/protocol.js'
import type { QueueCell, Results } from '../results.js'
import { spreadOf } from '../stats.js'
import type { Goal } from './goal.js'
import { judge } from './goal.js'

export function queueGoals({ queue }: Results): Goal[] {
  const own = queue?.cells.find(({ subject }) => subject === 'spillway')
  const rivals = queue?.cells.filter(({ subject }) => subject !== 'spillway') ?? []
  const least = (what: string, unit: string, read: (cell: QueueCell) => number | undefined): Goal => {
    const value = own && read(own)
    const best = Math.min(...rivals.map((cell) => read(cell) ?? Number.POSITIVE_INFINITY))
    const both = value === undefined || best === Number.POSITIVE_INFINITY ? undefined : { value, best }
    return judge(
      'queue',
      `Queues: ${what}, against the best of the others`,
      'at most as much',
      both,
      ({ value, best }) => value <= best,
      ({ value, best }) => `${value.toFixed(0)} against ${best.toFixed(0)} ${unit}`,
    )
  }
  const worst = (cell: QueueCell) => Math.max(...Object.values(cell.most))
  return [
    judge(
      'queue',
      'Queues: most starts in any window',
      `${LIMIT}, and more by all others`,
      own && rivals.length > 0 ? { value: worst(own), best: Math.min(...rivals.map(worst)) } : undefined,
      ({ value, best }) => value <= LIMIT && best > LIMIT,
      ({ value, best }) => `${value}, and ${best} by the best of the others`,
    ),
    least('a call with nobody waiting', 'ns', ({ idleNs }) =>
      idleNs.length > 0 ? spreadOf(idleNs).median : undefined,
    ),
    least('a call among all who wait', 'ns', ({ waiting }) => waiting?.ns),
    least('a waiter', 'bytes', ({ waiting }) => waiting?.bytes),
  ]
}
