/**
 * What the benchmarks are to show, and whether they do: every row is a comparison within one run.
 */
import { quantile } from './histogram.js'
import type { Distribution } from './picks.js'
import type { Results, SuiteName, ThroughputCell } from './results.js'
import { spreadOf } from './stats.js'
import { subjectNamed } from './subjects/index.js'
import type { IdUse } from './tasks/throughput.js'

export interface ReachRow {
  readonly suite: SuiteName
  readonly what: string
  readonly reach: string
  readonly measured: string
  /** `undefined` if this run did not measure it. */
  readonly met: boolean | undefined
}

const RIVAL = 'map-fixed'
const MILLION = 1_000_000
const MB = 2 ** 20

/** All rows; those that the results say nothing of are left without a judgement. */
export function reachRows({ throughput, tail, memory, large }: Results): ReachRow[] {
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
    ...tailRows(tail),
    ...memoryRows(memory),
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
): ReachRow {
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
): ReachRow {
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

function fasterThanClockless(cells: readonly ThroughputCell[]): ReachRow {
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

function tailRows(tail: Results['tail']): ReachRow[] {
  const of = (subject: string) => tail?.subjects.find((result) => result.subject === subject)
  const [own, empty, rival] = [of('spillway'), of('empty'), of(RIVAL)]
  const users = tail ? `${tail.users} users` : '1M users'
  const over =
    own &&
    empty &&
    (['growing', 'sweeping', 'again'] as const).map((phase) => ({
      own: own[phase].decisions.overBound,
      waited: own[phase].waited ?? 0,
      // The machine's own pauses in as much time, from those that the empty loop saw in its time.
      machine: (empty[phase].decisions.overBound * own[phase].decisions.totalMs) / empty[phase].decisions.totalMs,
    }))
  const p9999 = own && quantile(own.growing.decisions, 0.9999) * 1000
  const rivalMax = rival && rival.growing.decisions.maxMs * 1000
  return [
    judge(
      'tail',
      `Decisions over 2 ms while growing to ${users}, sweeping, growing again`,
      'none beyond those of the empty loop in as much time',
      over,
      (phases) => phases.every(({ own, machine }) => own <= Math.ceil(machine)),
      (phases) =>
        phases
          .map(
            ({ own, waited, machine }) =>
              `${own} (${waited} of them waited for a processor; empty loop ${machine.toFixed(1)})`,
          )
          .join(', '),
    ),
    judge(
      'tail',
      `p99.99 while growing to ${users}`,
      'under 300 us, and under a tenth of the max of Map fixed window + bucket',
      p9999 !== undefined && rivalMax !== undefined ? { p9999, rivalMax } : undefined,
      (us) => us.p9999 < 300 && us.p9999 < us.rivalMax / 10,
      (us) => `${us.p9999.toFixed(0)} us; that max is ${us.rivalMax.toFixed(0)} us`,
    ),
  ]
}

function memoryRows(memory: Results['memory']): ReachRow[] {
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

function judge<T>(
  suite: SuiteName,
  what: string,
  reach: string,
  value: T | undefined,
  meets: (value: T) => boolean,
  write: (value: T) => string,
): ReachRow {
  if (value === undefined) return { suite, what, reach, measured: 'not measured in this run', met: undefined }
  return { suite, what, reach, measured: write(value), met: meets(value) }
}
