/** The report of `spillway bench`: its shape, which `--json` prints as it is, and its text. */
import { grouped, table, wrapped } from '../terminal/format.js'

/** Null where the run was ended before. */
export interface LimiterFigures {
  readonly name: string
  readonly label: readonly [string, string]
  /** Nanoseconds a decision among few users, and among many: medians. */
  readonly nsFew: number | null
  readonly nsMany: number | null
  /** Of the decisions in which the many users arrive, the least of three arrivals: microseconds, milliseconds. */
  readonly p999Us: number | null
  readonly longestMs: number | null
  /** In any window, of one user. */
  readonly mostAdmitted: number | null
  readonly bytesPerUser: number | null
}

export interface BenchReport {
  readonly interrupted: boolean
  readonly machine: { readonly node: string; readonly platform: string; readonly cpus: number }
  readonly settings: {
    readonly seconds: number
    readonly fewUsers: number
    readonly manyUsers: number
    readonly limit: number
    readonly windowMs: number
  }
  readonly limiters: readonly LimiterFigures[]
}

export function formatBench({ interrupted, machine, settings, limiters }: BenchReport): string {
  const { fewUsers, manyUsers, limit, windowMs } = settings
  const row = (label: string, show: (figures: LimiterFigures) => string) => [label, ...limiters.map(show)]
  const rows = [
    row('', ({ label }) => label[0]),
    row('', ({ label }) => label[1]),
    row(`ns, ${short(fewUsers)} users`, ({ nsFew }) => shown(nsFew, 0)),
    row(`ns, ${short(manyUsers)} users`, ({ nsMany }) => shown(nsMany, 0)),
    row('arriving: p99.9, µs', ({ p999Us }) => shown(p999Us, 1)),
    row('arriving: longest, ms', ({ longestMs }) => shown(longestMs, 2)),
    row('most in any window', ({ mostAdmitted }) => shown(mostAdmitted, 0)),
    row('bytes a user', ({ bytesPerUser }) => shown(bytesPerUser, 0)),
  ]
  return [
    ...(interrupted ? ['INTERRUPTED: what is missing was not measured.', ''] : []),
    ...wrapped(
      `Spillway beside what one writes by hand around a Map, each with ${grouped(limit)} requests in ` +
        `${grouped(windowMs)} ms: Node ${machine.node}, ${machine.platform}, ${machine.cpus} processors`,
      '',
    ),
    '',
    ...table(rows),
    '',
    ...NOTES(limit, manyUsers).flatMap((note) => wrapped(note, '')),
  ].join('\n')
}

const NOTES = (limit: number, users: number) => [
  `ns: a decision about a random user, clock included. arriving: ${grouped(users)} users come, one request each, ` +
    'three times, of which the quietest counts. The longest decision is mostly a garbage collection, or a Map that grows. bytes: after that one request; a sliding log takes 8 more ' +
    'or so for each other that it admits.',
  `most in any window: what one user gets of a limit of ${grouped(limit)} in the worst window. Only the sliding log and ` +
    'Spillway keep it.',
  'Nothing sweeps idle users here. Spillway does it in slices of 0.2 ms; by hand one walks the whole Map. The full benchmarks, ' +
    'with published limiters: docs/benchmarks.md in the package.',
]

function shown(value: number | null, digits: number): string {
  return value === null ? '-' : grouped(Number(value.toFixed(digits)))
}

function short(count: number): string {
  return count >= 1_000_000
    ? `${grouped(count / 1_000_000)}M`
    : count >= 1000
      ? `${grouped(count / 1000)}k`
      : grouped(count)
}
