/** Tables of the loading suite. */
import type { DecisionData } from '../decision-times.js'
import { machineOverBound } from '../empty-loop.js'
import type { HistogramData } from '../histogram.js'
import { merge, quantile } from '../histogram.js'
import { table } from '../markdown.js'
import type { LoadingResults } from '../results.js'
import { subjectNamed } from '../subjects/index.js'
import { ARRIVAL_BOUND_MS } from '../tasks/arrival.js'
import { SLICE_BOUND_MS } from '../tasks/giving-back.js'
import { FIRST_BOUND_MS } from '../tasks/many-limiters.js'
import { MB, microseconds, short, withSpread } from './figures.js'

/** What limiters hold: a column a subject. */
export function loadingTable(results: LoadingResults | undefined): string {
  if (!results) return table([''], [])
  const names = namesIn(results)
  const rows = new Map<string, Map<string, string>>()
  const put = (what: string, subject: string, figure: string) => {
    rows.set(what, (rows.get(what) ?? new Map<string, string>()).set(subject, figure))
  }
  for (const { setup, rounds } of results.many) {
    const figure = (read: (round: (typeof rounds)[number]) => number, digits = 0) =>
      rounds.length === 0 ? 'failed' : withSpread(rounds.map(read), digits)
    const what = `${short(setup.limiters)} limiters`
    const ended = rounds.find(({ ended }) => ended !== undefined)
    put(`${what}: loaded`, setup.subject, ended ? `${ended.loaded}, then ended: ${ended.ended}` : figure(loadedOf))
    put(
      `${what}: ms to load them`,
      setup.subject,
      figure(({ loadMs }) => loadMs),
    )
    put(
      `${what}: longest load of one, ms`,
      setup.subject,
      figure(({ longestLoadMs }) => longestLoadMs, 2),
    )
    put(
      `${what}: resident kB each until used`,
      setup.subject,
      figure((r) => r.residentBytes / 1024 / r.loaded, 1),
    )
    put(
      `${what}: external kB each until used`,
      setup.subject,
      figure((r) => r.externalBytes / 1024 / r.loaded, 1),
    )
  }
  for (const { setup, rounds } of results.sliced) {
    const what = `${short(setup.ids)} ids cut out of texts of ${short(setup.textBytes)}B: heap MB`
    const early = rounds.find(({ ids }) => ids < setup.ids)
    const grown =
      rounds.length === 0
        ? 'failed'
        : withSpread(
            rounds.map(({ heapBytes }) => heapBytes / MB),
            1,
          )
    put(what, setup.subject, early ? `${grown} after ${early.ids} ids, then ended` : grown)
  }
  for (const { setup, rounds } of results.givingBack) {
    const bytes = (read: (round: (typeof rounds)[number]) => number | undefined) => {
      const known = rounds.flatMap((round) => read(round) ?? [])
      return known.length === 0 ? '' : withSpread(known.map((value) => value / MB))
    }
    put(
      `Spike of ${short(setup.users)} users: MB accounted`,
      setup.subject,
      bytes(({ peakBytes }) => peakBytes),
    )
    put(
      'The same when they are gone: MB accounted',
      setup.subject,
      bytes(({ endBytes }) => endBytes),
    )
  }
  return table(
    ['', ...names.map((name) => subjectNamed(name).label)],
    [...rows].map(([what, figures]) => [what, ...names.map((name) => figures.get(name) ?? '')]),
  )
}

/** A row of pauses: all rounds together. */
interface Pauses {
  readonly what: string
  readonly subject: string
  readonly boundMs: number
  readonly rounds: readonly (DecisionData & { readonly machine: HistogramData })[]
  readonly forcedGrowths?: readonly number[]
}

/** How long single decisions and callbacks of timers took: a row a subject. */
export function pausesTable(results: LoadingResults | undefined): string {
  const rows = pausesIn(results).map(({ what, subject, boundMs, rounds, forcedGrowths = [] }) => {
    const times = merge(rounds.map(({ decisions }) => decisions))
    const machine = merge(rounds.map(({ machine }) => machine))
    const waited = rounds.map(({ waited }) => waited)
    return [
      what,
      subjectNamed(subject).label,
      String(times.count),
      microseconds(quantile(times, 0.5)),
      microseconds(quantile(times, 0.9999)),
      microseconds(times.maxMs),
      `${times.overBound} over ${boundMs} ms`,
      waited.includes(undefined) ? '' : String(waited.reduce<number>((sum, count) => sum + (count ?? 0), 0)),
      forcedGrowths.length === 0 ? '' : withSpread(forcedGrowths),
      microseconds(machine.maxMs),
      machineOverBound(machine, times.totalMs).toFixed(1),
    ]
  })
  const head = [
    'us',
    'subject',
    'count',
    'median',
    'p99.99',
    'max',
    'too long',
    'of which waited',
    'forced growths',
    'empty loop: max',
    'empty loop: too long in as much time',
  ]
  return table(head, rows, 2)
}

function pausesIn(results: LoadingResults | undefined): Pauses[] {
  if (!results) return []
  const rows: Pauses[] = [
    ...results.many.map(({ setup, rounds }) => ({
      what: `First decision of each of ${short(setup.limiters)} limiters`,
      subject: setup.subject,
      boundMs: FIRST_BOUND_MS,
      rounds: rounds.map(({ first, machine }) => ({ ...first, machine })),
    })),
    ...results.arrivals.map(({ setup, rounds }) => ({
      what: `Decisions while ${short(setup.users)} users arrive, ${setup.yields ? 'with turns' : 'never yielding'}`,
      subject: setup.subject,
      boundMs: ARRIVAL_BOUND_MS,
      rounds,
      forcedGrowths: rounds.flatMap(({ forcedGrowths }) => forcedGrowths ?? []),
    })),
    ...results.givingBack.map(({ setup, rounds }) => ({
      what: `Callbacks of timers after a spike of ${short(setup.users)} users`,
      subject: setup.subject,
      boundMs: SLICE_BOUND_MS,
      rounds: rounds.map(({ callbacks, waited, machine }) => ({ decisions: callbacks, waited, machine })),
    })),
  ]
  return rows.filter(({ rounds }) => rounds.length > 0).sort((a, b) => a.what.localeCompare(b.what))
}

function namesIn({ many }: LoadingResults): string[] {
  return [...new Set(many.map(({ setup }) => setup.subject))]
}

function loadedOf({ loaded }: { loaded: number }): number {
  return loaded
}
