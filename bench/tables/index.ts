/**
 * The tables, by the names that markers in the documents call them by. All of them come from results; no figure is
 * written by hand.
 */
import { goalsOf } from '../goals/index.js'
import { table } from '../markdown.js'
import type { Failure, Header, Results } from '../results.js'
import { SUBJECTS } from '../subjects/index.js'
import { exactnessTable } from './exactness.js'
import { fleetKeepingTable, fleetSimulationTable, fleetSynchronousTable, fleetTable } from './fleet.js'
import { httpTable } from './http.js'
import { loadingTable, pausesTable } from './loading.js'
import { floodTable, memoryTable, wavesTable } from './memory.js'
import { queueTable } from './queue.js'
import { summary } from './summary.js'
import { tailTable } from './tail.js'
import { idCost, throughputTable } from './throughput.js'

export type TableName = keyof typeof TABLES

/** Each table from the results of a run. */
export const TABLES = {
  machine: ({ throughput, exactness, tail, memory, loading }: Results) =>
    machine(throughput ?? exactness ?? tail ?? memory ?? loading),
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
  loading: ({ loading }: Results) => loadingTable(loading),
  'loading-pauses': ({ loading }: Results) => pausesTable(loading),
  'loading-machine': ({ loading }: Results) => machine(loading),
  'http-machine': ({ http }: Results) => machine(http),
  'http-one': ({ http }: Results) => httpTable(http, 'one'),
  'http-many': ({ http }: Results) => httpTable(http, 'many'),
  queue: ({ queue }: Results) => queueTable(queue),
  'queue-machine': ({ queue }: Results) => machine(queue),
  fleet: ({ fleet }: Results) => fleetTable(fleet),
  'fleet-keeping': ({ fleet }: Results) => fleetKeepingTable(fleet),
  'fleet-synchronous': ({ fleet }: Results) => fleetSynchronousTable(fleet),
  'fleet-machine': ({ fleet }: Results) => machine(fleet),
  'fleet-simulation': ({ simulation }: Results) => fleetSimulationTable(simulation),
  'fleet-simulation-machine': ({ simulation }: Results) => machine(simulation),
  'large-machine': ({ large }: Results) => machine(large?.throughput ?? large?.tail ?? large?.memory),
  'large-throughput': ({ large }: Results) => throughputTable(large?.throughput, { idKind: 'uuid', clock: 'own' }),
  'large-tail-growing': ({ large }: Results) => tailTable(large?.tail, 'growing'),
  'large-tail-sweeping': ({ large }: Results) => tailTable(large?.tail, 'sweeping'),
  'large-tail-again': ({ large }: Results) => tailTable(large?.tail, 'again'),
  'large-flood': ({ large }: Results) => floodTable(large?.memory),
  summary: (results: Results) => summary(results),
  goals: (results: Results) => goalsTable(results),
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

function goalsTable(results: Results): string {
  // A suite that was not run has nothing to say; a row that its suite leaves open says so.
  const rows = goalsOf(results)
    .filter(({ suite }) => results[suite])
    .map(({ what, aim, measured, met }) => [what, aim, measured, met === undefined ? '' : met ? 'met' : 'not met'])
  return table(['', 'goal', 'measured', ''], rows, 4)
}
