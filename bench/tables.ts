/**
 * The tables, by the names that markers in the documents call them by. All of them come from results, no figure is
 * written by hand.
 */

import { reachRows } from './goals.js'
import { quantile } from './histogram.js'
import { table } from './markdown.js'
import type { Failure, Header, MemoryResults, Results, ThroughputCell, ThroughputResults } from './results.js'
import { spreadOf } from './stats.js'
import { SUBJECTS, subjectNamed } from './subjects/index.js'
import type { PhaseData } from './tasks/tail.js'
import type { ThroughputSetup } from './tasks/throughput.js'

type TableName = keyof typeof TABLES

const ORDER = new Map(SUBJECTS.map(({ name }, index) => [name, index]))
const DISTRIBUTIONS = ['uniform', 'zipf'] as const
const ID_USES = ['reused', 'fresh'] as const
const MB = 2 ** 20

/** Each table from the results of a run. */
export const TABLES = {
  machine: ({ throughput, exactness, tail, memory }: Results) => machine(throughput ?? exactness ?? tail ?? memory),
  subjects: () => subjects(),
  throughput: ({ throughput }: Results) => throughputTable(throughput, { idKind: 'uuid', clock: 'own' }),
  'throughput-short': ({ throughput }: Results) => throughputTable(throughput, { idKind: 'short', clock: 'own' }),
  'throughput-counter': ({ throughput }: Results) => throughputTable(throughput, { idKind: 'uuid', clock: 'counter' }),
  'id-cost': ({ throughput }: Results) => idCost(throughput),
  exactness: ({ exactness }: Results) => exactnessTable(exactness),
  'tail-growing': ({ tail }: Results) => tailTable(tail, 'growing'),
  'tail-sweeping': ({ tail }: Results) => tailTable(tail, 'sweeping'),
  'tail-again': ({ tail }: Results) => tailTable(tail, 'again'),
  memory: ({ memory }: Results) => memoryTable(memory),
  'memory-waves': ({ memory }: Results) => wavesTable(memory),
  'memory-flood': ({ memory }: Results) => floodTable(memory),
  'large-machine': ({ large }: Results) => machine(large?.throughput ?? large?.tail ?? large?.memory),
  'large-throughput': ({ large }: Results) => throughputTable(large?.throughput, { idKind: 'uuid', clock: 'own' }),
  'large-tail-growing': ({ large }: Results) => tailTable(large?.tail, 'growing'),
  'large-tail-sweeping': ({ large }: Results) => tailTable(large?.tail, 'sweeping'),
  'large-tail-again': ({ large }: Results) => tailTable(large?.tail, 'again'),
  'large-flood': ({ large }: Results) => floodTable(large?.memory),
  summary: (results: Results) => summary(results),
  reach: (results: Results) => reachTable(results),
} satisfies Record<string, (results: Results) => string>

export function isTable(name: string): name is TableName {
  return Object.hasOwn(TABLES, name)
}

/** What could not be measured, as a list; empty if all was. */
export function failureList(failures: readonly Failure[]): string {
  return failures.map(({ subject, what, error }) => `- ${subject} (${what}): ${error.split('\n')[0]}`).join('\n')
}

function machine(part: Header | undefined): string {
  if (!part) return '(nothing was measured)'
  const { machine, versions, startedAt, mode, seed } = part
  const { node, v8, ...packages } = versions
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.os}; Node ${node}, V8 ${v8}.`,
    `Measured ${startedAt.slice(0, 10)}, mode ${mode}, seed ${seed}.`,
    `${Object.entries(packages)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
  ].join('\n')
}

function subjects(): string {
  const rows = SUBJECTS.map(({ label, use, beyond }) => [label, use, beyond])
  return table(['subject', 'how it is used', 'what it does that Spillway does not'], rows, 3)
}

function throughputTable(
  results: ThroughputResults | undefined,
  kind: Pick<ThroughputSetup, 'idKind' | 'clock'>,
): string {
  const cells = (results?.cells ?? []).filter(({ idKind, clock }) => idKind === kind.idKind && clock === kind.clock)
  const columns = columnsOf(cells)
  const rows = namesIn(cells).map((name) => [
    subjectNamed(name).label,
    ...columns.map((column) => {
      const cell = cells.find((cell) => cell.subject === name && sameColumn(cell, column))
      if (cell) return withSpread(cell.rounds.map(({ nsPerDecision }) => nsPerDecision))
      return results?.failures.some(({ subject }) => subject === name) ? 'failed' : ''
    }),
  ])
  return table(['ns a decision', ...columns.map(titleOf)], rows)
}

type Column = Pick<ThroughputCell, 'users' | 'distribution' | 'ids'>

function columnsOf(cells: readonly ThroughputCell[]): Column[] {
  const sizes = [...new Set(cells.map(({ users }) => users))].sort((a, b) => a - b)
  return sizes.flatMap((users) =>
    DISTRIBUTIONS.flatMap((distribution) =>
      ID_USES.map((ids) => ({ users, distribution, ids })).filter((column) =>
        cells.some((cell) => sameColumn(cell, column)),
      ),
    ),
  )
}

function sameColumn(cell: Column, { users, distribution, ids }: Column): boolean {
  return cell.users === users && cell.distribution === distribution && cell.ids === ids
}

function titleOf({ users, distribution, ids }: Column): string {
  return `${short(users)} ${distribution} ${ids}`
}

function idCost(results: ThroughputResults | undefined): string {
  const fresh = (results?.cells ?? []).filter(({ ids }) => ids === 'fresh')
  const rows = (['uuid', 'short'] as const).flatMap((kind) => {
    const costs = fresh
      .filter(({ idKind }) => idKind === kind)
      .flatMap(({ rounds }) => rounds.map(({ nsPerId }) => nsPerId))
    return costs.length === 0 ? [] : [[kind === 'uuid' ? '36 characters' : '`user_123`', withSpread(costs)]]
  })
  return table(['id', 'ns to make it'], rows)
}

function exactnessTable(results: Results['exactness']): string {
  const rows = (results?.subjects ?? []).map(({ subject, worst, traffic, hammered }) => [
    subjectNamed(subject).label,
    String(worst),
    traffic,
    String(hammered),
  ])
  return table(
    ['limit 50 a second', 'most admitted in any second', 'by traffic', 'of 500 permitted in 10 s, at 1,000 a second'],
    rows,
  )
}

function tailTable(results: Results['tail'], phase: 'growing' | 'sweeping' | 'again'): string {
  const rows = (results?.subjects ?? []).map((subject) => {
    const { decisions, turns, waited } = subject[phase]
    return [
      subjectNamed(subject.subject).label,
      ...[0.5, 0.99, 0.999, 0.9999, 0.99999].map((share) => microseconds(quantile(decisions, share))),
      microseconds(decisions.maxMs),
      String(decisions.overBound),
      waited === undefined ? '' : String(waited),
      microseconds(turns.maxMs),
      String(turns.overBound),
    ]
  })
  const head = [
    'us',
    'p50',
    'p99',
    'p99.9',
    'p99.99',
    'p99.999',
    'max',
    'over 2 ms',
    'of which waited',
    'longest turn',
    'turns over 2 ms',
  ]
  return table(head, rows)
}

function memoryTable(results: MemoryResults | undefined): string {
  const runs = results?.runs ?? []
  const names = [...new Set(runs.map(({ setup }) => setup.subject))]
  const loads = [...new Set(runs.map(({ setup }) => setup.requests))].sort((a, b) => a - b)
  const rows = names.map((name) => {
    const ofLoad = (requests: number) =>
      runs.find(({ setup }) => setup.subject === name && setup.requests === requests)?.result
    const resident = loads.map((requests) => {
      const result = ofLoad(requests)
      return result ? perUser(result.full.rss - result.before.rss, results) : ''
    })
    const once = ofLoad(1)
    return [
      subjectNamed(name).label,
      ...resident,
      once ? perUser(once.full.heap - once.before.heap, results) : '',
      once?.full.accounted === undefined ? '' : perUser(once.full.accounted, results),
    ]
  })
  return table(
    [
      `bytes a user, ${short(results?.users ?? 0)} users`,
      ...loads.map((requests) => `resident, ${requests} each`),
      'heap, 1 each',
      'accounted, 1 each',
    ],
    rows,
  )
}

function perUser(bytes: number, results: MemoryResults | undefined): string {
  return (bytes / (results?.users ?? 1)).toFixed(0)
}

function wavesTable(results: MemoryResults | undefined): string {
  const rows = (results?.runs ?? []).flatMap(({ setup, result }) => {
    if (!result.stale) return []
    const stages = [result.full, result.stale, result.secondWave, result.staleAgain]
    return [
      [
        `${subjectNamed(setup.subject).label}, ${setup.requests} each`,
        ...stages.map((stage) => {
          if (!stage) return ''
          const resident = ((stage.rss - result.before.rss) / MB).toFixed(0)
          return stage.accounted === undefined ? resident : `${resident} (${(stage.accounted / MB).toFixed(0)})`
        }),
      ],
    ]
  })
  const head = ['MB beyond before: resident (accounted)', 'all there', 'gone stale', 'second wave', 'stale again']
  return table(head, rows)
}

function floodTable(results: MemoryResults | undefined): string {
  const rows = (results?.floods ?? []).map(({ setup, result }) => [
    `${subjectNamed(setup.subject).label}, ${short(setup.ids)} ids`,
    ((result.peakRss - result.before.rss) / MB).toFixed(0),
    ((result.after.rss - result.before.rss) / MB).toFixed(0),
    result.after.accounted === undefined ? '' : (result.after.accounted / MB).toFixed(0),
    result.after.users === undefined ? '' : String(result.after.users),
    result.nsPerDecision.toFixed(0),
  ])
  return table(['at most 1M users', 'MB at peak', 'MB after', 'accounted MB', 'users kept', 'ns a decision'], rows)
}

/** One row a limiter, for readers in a hurry. */
function summary({ throughput, exactness, tail, memory }: Results): string {
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
        exactness?.subjects.find(({ subject }) => subject === name)?.worst.toString() ?? '',
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
      'most admitted in a second, limit 50',
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

function reachTable(results: Results): string {
  // A suite that was not run has nothing to say; a row that its suite leaves open says so.
  const rows = reachRows(results)
    .filter(({ suite }) => results[suite])
    .map(({ what, reach, measured, met }) => [what, reach, measured, met === undefined ? '' : met ? 'met' : 'not met'])
  return table(['', 'reach', 'measured', ''], rows, 4)
}

function namesIn(cells: readonly ThroughputCell[]): string[] {
  const names = [...new Set(cells.map(({ subject }) => subject))]
  return names.sort((a, b) => (ORDER.get(a) ?? 0) - (ORDER.get(b) ?? 0))
}

function withSpread(values: readonly number[]): string {
  const { median, least, most } = spreadOf(values)
  return `${median.toFixed(0)} (${least.toFixed(0)}..${most.toFixed(0)})`
}

function microseconds(ms: number): string {
  const us = ms * 1000
  return us < 100 ? us.toFixed(1) : us.toFixed(0)
}

function short(count: number): string {
  if (count >= 1_000_000) return `${count / 1_000_000}M`
  return count >= 1000 ? `${count / 1000}k` : String(count)
}
