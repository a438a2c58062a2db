/** The table of the README: one row a limiter. */
import { table } from '../markdown.js'
import type { Results, ThroughputCell } from '../results.js'
import { spreadOf } from '../stats.js'
import { SUBJECTS } from '../subjects/index.js'
import type { PhaseData } from '../tasks/tail.js'
import { perUser } from './memory.js'
import { sameColumn } from './throughput.js'

export function summary({ throughput, exactness, tail, memory }: Results): string {
  const cells = (throughput?.cells ?? []).filter(({ idKind, clock }) => idKind === 'uuid' && clock === 'own')
  const ns = (name: string, users: number, ids: ThroughputCell['ids']) => {
    const cell = cells.find((c) => c.subject === name && sameColumn(c, { users, distribution: 'uniform', ids }))
    return cell ? spreadOf(cell.rounds.map(({ nsPerDecision }) => nsPerDecision)).median.toFixed(0) : ''
  }
  const rows = SUBJECTS.filter(({ group, name }) => group !== 'floor' && name !== 'map-fixed-date').map(
    ({ name, label }) => {
      const slow = tail?.subjects.find(({ subject }) => subject === name)
      const held = memory?.runs.find(({ setup }) => setup.subject === name && setup.requests === 1)?.result
      return [
        label,
        exactness?.subjects.find(({ subject, burst }) => subject === name && !burst)?.worst.toString() ?? '',
        ns(name, 1000, 'reused'),
        ns(name, 1_000_000, 'reused'),
        ns(name, 1_000_000, 'fresh'),
        slow ? longest([slow.growing, slow.sweeping, slow.again]) : '',
        held ? perUser(held.full.rss - held.before.rss, memory) : '',
      ]
    },
  )
  return table(
    [
      '',
      'most admitted in a second, limit 50, tokens off',
      'ns, 1k users, reused ids',
      'ns, 1M users, reused',
      'ns, 1M users, fresh',
      'longest pause, ms',
      'bytes a user',
    ],
    rows,
  )
}

/** The longest that a request had to wait, for its decision or for the timers before it. */
function longest(phases: readonly PhaseData[]): string {
  return Math.max(...phases.flatMap(({ decisions, turns }) => [decisions.maxMs, turns.maxMs])).toFixed(1)
}
