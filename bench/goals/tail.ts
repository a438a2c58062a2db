/** Goals of the tail suite. */
import { quantile } from '../histogram.js'
import type { Results } from '../results.js'
import type { Goal } from './goal.js'
import { judge, RIVAL } from './goal.js'

export function tailGoals({ tail }: Results): Goal[] {
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
