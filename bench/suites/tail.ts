/** Tail latency of all subjects, in rounds whose histograms are put together. */
import { merge } from '../histogram.js'
import type { Failure, TailResults } from '../results.js'
import { runAlone } from '../subject-process.js'
import { WINDOW_MS } from '../subjects/subject.js'
import type { PhaseData, TailResult } from '../tasks/tail.js'
import type { Plan } from './plan.js'
import { attempt, LARGE_USERS, LARGE_WINDOW_MS } from './plan.js'

const USERS = { quick: 200_000, default: 1_000_000, large: LARGE_USERS }
/** The empty loop runs longer, so that it watches the machine for about as long as the limiters do. */
const EMPTY_TIMES = 8
const ROUNDS = { quick: 1, default: 3, large: 1 }
/** Subjects of a quick run. */
const FEW = ['spillway', 'map-fixed', 'null', 'empty']
/** Subjects of a large run: their clock can be moved past the window. */
const LARGEST = ['spillway', 'map-fixed', 'null', 'empty']

export async function runTail(plan: Plan): Promise<TailResults> {
  const failures: Failure[] = []
  const users = USERS[plan.mode]
  const measured = { quick: FEW, large: LARGEST, default: undefined }[plan.mode]
  const specs = plan.subjects.filter(({ name }) => name !== 'clock' && (measured?.includes(name) ?? true))
  const parts = new Map<string, TailResult[]>()
  for (let round = 0; round < ROUNDS[plan.mode]; round++) {
    for (const { name } of specs) {
      plan.progress.show(`tail latency, ${users} users: ${name}, round ${round + 1} of ${ROUNDS[plan.mode]}`)
      const windowMs = plan.mode === 'large' ? LARGE_WINDOW_MS : WINDOW_MS
      const setup = { subject: name, windowMs, users: name === 'empty' ? EMPTY_TIMES * users : users }
      const job = () => runAlone('tail', setup, users)
      const result = await attempt(failures, name, `tail latency, ${users} users`, job)
      if (result) parts.set(name, [...(parts.get(name) ?? []), result])
    }
  }
  const subjects = [...parts].map(([subject, rounds]) => ({
    subject,
    growing: mergePhases(rounds.map(({ growing }) => growing)),
    sweeping: mergePhases(rounds.map(({ sweeping }) => sweeping)),
    again: mergePhases(rounds.map(({ again }) => again)),
  }))
  return { ...plan.header, failures, users, rounds: ROUNDS[plan.mode], subjects }
}

function mergePhases(phases: readonly PhaseData[]): PhaseData {
  return {
    decisions: merge(phases.map(({ decisions }) => decisions)),
    turns: merge(phases.map(({ turns }) => turns)),
    waited: phases.some(({ waited }) => waited === undefined)
      ? undefined
      : phases.reduce((sum, { waited }) => sum + waited!, 0),
    users: phases.at(-1)?.users,
  }
}
