/** Goals of the throughput suite: ratios within one run. */
import type { Distribution } from '../picks.js'
import type { Results, ThroughputCell } from '../results.js'
import { spreadOf } from '../stats.js'
import { subjectNamed } from '../subjects/index.js'
import type { IdUse } from '../tasks/throughput.js'
import type { Goal } from './goal.js'
import { judge, MILLION, RIVAL } from './goal.js'

export function throughputGoals({ throughput, large }: Results): Goal[] {
  const cells = throughput?.cells ?? []
  const largeCells = large?.throughput?.cells ?? cells
  return [
    atMost(cells, 1000, 'uniform', 'reused', 1),
    atMost(cells, 1000, 'uniform', 'fresh', 0.7),
    atMost(cells, MILLION, 'uniform', 'reused', 0.9),
    atMost(cells, MILLION, 'uniform', 'fresh', 0.5),
    atMost(cells, MILLION, 'zipf', 'reused', 0.8),
    atMost(cells, MILLION, 'zipf', 'fresh', 0.5),
    atMost(largeCells, 10 * MILLION, 'uniform', 'fresh', 0.5),
    fasterThanPeers(cells, 'every cell', () => true, 1),
    fasterThanPeers(cells, '1M users, reused', ({ users, ids }) => users === MILLION && ids === 'reused', 1.7),
    fasterThanPeers(cells, '1M users, fresh', ({ users, ids }) => users === MILLION && ids === 'fresh', 2.5),
    fasterThanClockless(cells),
  ]
}

/** The median time of a decision, for ids of 36 characters and the subject's own clock. */
export function medianNs(
  cells: readonly ThroughputCell[],
  subject: string,
  users: number,
  distribution: Distribution,
  ids: IdUse,
): number | undefined {
  const found = cells.find(
    (cell) =>
      cell.subject === subject &&
      cell.users === users &&
      cell.distribution === distribution &&
      cell.ids === ids &&
      cell.idKind === 'uuid' &&
      cell.clock === 'own',
  )
  return found && spreadOf(found.rounds.map(({ nsPerDecision }) => nsPerDecision)).median
}

function atMost(
  cells: readonly ThroughputCell[],
  users: number,
  distribution: Distribution,
  ids: IdUse,
  bound: number,
): Goal {
  const own = medianNs(cells, 'spillway', users, distribution, ids)
  const rival = medianNs(cells, RIVAL, users, distribution, ids)
  const many = users >= MILLION ? `${users / MILLION}M` : `${users / 1000}k`
  return judge(
    'throughput',
    `${many} users, ${distribution}, ${ids} ids: time, against Map fixed window + bucket`,
    `at most ${bound}`,
    own && rival ? own / rival : undefined,
    (ratio) => ratio <= bound,
    (ratio) => ratio.toFixed(2),
  )
}

/** The peer that comes closest, among the cells that count. */
function fasterThanPeers(
  cells: readonly ThroughputCell[],
  where: string,
  counts: (cell: ThroughputCell) => boolean,
  bound: number,
): Goal {
  let closest: { ratio: number; who: string } | undefined
  for (const cell of cells) {
    const { group, readsClock, label } = subjectNamed(cell.subject)
    if (group !== 'peer' || !readsClock || !counts(cell)) continue
    const own = medianNs(cells, 'spillway', cell.users, cell.distribution, cell.ids)
    const peer = medianNs(cells, cell.subject, cell.users, cell.distribution, cell.ids)
    if (!own || !peer) continue
    const ratio = peer / own
    const who = `${label}, ${cell.users} users, ${cell.distribution}, ${cell.ids}`
    if (!closest || ratio < closest.ratio) closest = { ratio, who }
  }
  return judge(
    'throughput',
    `Published peers that read a clock, ${where}: times faster than the closest`,
    bound === 1 ? 'more than 1' : `at least ${bound}`,
    closest,
    ({ ratio }) => (bound === 1 ? ratio > 1 : ratio >= bound),
    ({ ratio, who }) => `${ratio.toFixed(2)} (${who})`,
  )
}

function fasterThanClockless(cells: readonly ThroughputCell[]): Goal {
  const own = medianNs(cells, 'spillway-coarse', 1000, 'uniform', 'reused')
  const peer = medianNs(cells, 'fast-ratelimit', 1000, 'uniform', 'reused')
  return judge(
    'throughput',
    'fast-ratelimit, which reads no clock, 1k users, reused ids: times faster with a coarse clock',
    'more than 1',
    own && peer ? peer / own : undefined,
    (ratio) => ratio > 1,
    (ratio) => ratio.toFixed(2),
  )
}
