/** Tables of the throughput suite. */
import { table } from '../markdown.js'
import type { ThroughputCell, ThroughputResults } from '../results.js'
import { SUBJECTS, subjectNamed } from '../subjects/index.js'
import type { ThroughputSetup } from '../tasks/throughput.js'
import { short, withSpread } from './figures.js'

const ORDER = new Map(SUBJECTS.map(({ name }, index) => [name, index]))
const DISTRIBUTIONS = ['uniform', 'zipf'] as const
const ID_USES = ['reused', 'fresh'] as const

export function throughputTable(
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

export function sameColumn(cell: Column, { users, distribution, ids }: Column): boolean {
  return cell.users === users && cell.distribution === distribution && cell.ids === ids
}

function titleOf({ users, distribution, ids }: Column): string {
  return `${short(users)} ${distribution} ${ids}`
}

export function idCost(results: ThroughputResults | undefined): string {
  const fresh = (results?.cells ?? []).filter(({ ids }) => ids === 'fresh')
  const rows = (['uuid', 'short'] as const).flatMap((kind) => {
    const costs = fresh
      .filter(({ idKind }) => idKind === kind)
      .flatMap(({ rounds }) => rounds.map(({ nsPerId }) => nsPerId))
    return costs.length === 0 ? [] : [[kind === 'uuid' ? '36 characters' : '`user_123`', withSpread(costs)]]
  })
  return table(['id', 'ns to make it'], rows)
}

function namesIn(cells: readonly ThroughputCell[]): string[] {
  const names = [...new Set(cells.map(({ subject }) => subject))]
  return names.sort((a, b) => (ORDER.get(a) ?? 0) - (ORDER.get(b) ?? 0))
}
