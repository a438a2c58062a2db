/** Goals of the loading suite, of Spillway alone. */
import type { DecisionData } from '../decision-times.js'
import { machineOverBound } from '../empty-loop.js'
import type { HistogramData } from '../histogram.js'
import { merge } from '../histogram.js'
import type { Measured, Results } from '../results.js'
import { spreadOf } from '../stats.js'
import { MB, short } from '../tables/figures.js'
import { ARRIVAL_BOUND_MS } from '../tasks/arrival.js'
import { SLICE_BOUND_MS } from '../tasks/giving-back.js'
import { FIRST_BOUND_MS } from '../tasks/many-limiters.js'
import type { Goal } from './goal.js'
import { judge } from './goal.js'

const SUBJECT = 'spillway'
/** What a limiter may take until it is used, by a thousand of them. */
const RESIDENT_MB = 32
const EXTERNAL_RATIO = 1.1
const SLICED_HEAP_MB = 8

export function loadingGoals({ loading }: Results): Goal[] {
  const [many, most] = loading?.many.filter(isOwn) ?? []
  const [sliced] = loading?.sliced.filter(isOwn) ?? []
  const arrivals = loading?.arrivals.filter(isOwn) ?? []
  const [yielding] = arrivals.filter(({ setup }) => setup.yields)
  const [neverYielding] = arrivals.filter(({ setup }) => !setup.yields)
  const [givingBack] = loading?.givingBack.filter(isOwn) ?? []
  const limiters = `${short(many?.setup.limiters ?? 1000)} limiters with default options`
  const users = short(yielding?.setup.users ?? 1_000_000)
  const thousands = (many?.setup.limiters ?? 1000) / 1000
  return [
    median(`${limiters}: time to load, ms`, 1000 * thousands, many, ({ loadMs }) => loadMs),
    median(`${limiters}: resident MB until used`, RESIDENT_MB * thousands, many, (r) => r.residentBytes / MB),
    median(
      `${limiters}: external MB until used`,
      EXTERNAL_RATIO * RESIDENT_MB * thousands,
      many,
      (r) => r.externalBytes / MB,
    ),
    pauses(
      `${limiters}: first decisions over ${FIRST_BOUND_MS} ms`,
      many?.rounds.map(({ first, machine }) => ({ ...first, machine })),
    ),
    judge(
      'loading',
      'Limiters in one process',
      `${short(most?.setup.limiters ?? 10_000)}`,
      most?.rounds.length ? Math.min(...most.rounds.map(({ loaded }) => loaded)) : undefined,
      (loaded) => loaded === most?.setup.limiters,
      String,
    ),
    judge(
      'loading',
      `${short(sliced?.setup.ids ?? 40_000)} ids cut out of texts of 64 kB, asked about twice: growth of the heap`,
      `under ${SLICED_HEAP_MB} MB`,
      sliced?.rounds.length ? sliced : undefined,
      ({ setup, rounds }) => rounds.every((r) => r.ids === setup.ids && r.heapBytes < SLICED_HEAP_MB * MB),
      ({ rounds }) => `${(Math.max(...rounds.map(({ heapBytes }) => heapBytes)) / MB).toFixed(1)} MB`,
    ),
    judge(
      'loading',
      `${users} users arrive with turns of the event loop: forced growths`,
      'none',
      yielding?.rounds.length ? Math.max(...yielding.rounds.map(({ forcedGrowths = 0 }) => forcedGrowths)) : undefined,
      (growths) => growths === 0,
      String,
    ),
    pauses(`${users} users arrive, never yielding: decisions over ${ARRIVAL_BOUND_MS} ms`, neverYielding?.rounds),
    pauses(
      `Memory is given back after a spike of ${users} users: callbacks of timers over ${SLICE_BOUND_MS} ms`,
      givingBack?.rounds.map(({ callbacks, waited, machine }) => ({ decisions: callbacks, waited, machine })),
    ),
  ]
}

function isOwn({ setup }: { readonly setup: { readonly subject: string } }): boolean {
  return setup.subject === SUBJECT
}

/** A figure whose median over the rounds is to be at most so much. */
function median<Setup, Result>(
  what: string,
  bound: number,
  measured: Measured<Setup, Result> | undefined,
  read: (result: Result) => number,
): Goal {
  return judge(
    'loading',
    what,
    `at most ${Number(bound.toFixed(1))}`,
    measured?.rounds.length ? spreadOf(measured.rounds.map(read)).median : undefined,
    (value) => value <= bound,
    (value) => value.toFixed(1),
  )
}

/**
 * Nothing is to take too long, beyond the machine's own pauses. These are rounded down: a spike has one slice that starts
 * to give memory back, and half a pause of the machine must not excuse it.
 */
function pauses(
  what: string,
  rounds: readonly (DecisionData & { readonly machine: HistogramData })[] | undefined,
): Goal {
  const all = rounds?.length ? rounds : undefined
  return judge(
    'loading',
    what,
    'none beyond those that waited for a processor and those of the empty loop in as much time',
    all && {
      times: merge(all.map(({ decisions }) => decisions)),
      waited: all.reduce((sum, { waited }) => sum + (waited ?? 0), 0),
      machine: merge(all.map(({ machine }) => machine)),
    },
    ({ times, waited, machine }) => times.overBound - waited <= Math.floor(machineOverBound(machine, times.totalMs)),
    ({ times, waited, machine }) =>
      `${times.overBound} (${waited} of them waited; empty loop ${machineOverBound(machine, times.totalMs).toFixed(1)}), ` +
      `longest ${(times.maxMs * 1000).toFixed(0)} us`,
  )
}
