/** Memory of all subjects that keep users. */
import type { Failure, MemoryResults } from '../results.js'
import { runAlone } from '../subject-process.js'
import { DEFAULT_MAX_USERS } from '../subjects/spillway.js'
import type { SubjectSpec } from '../subjects/subject.js'
import { LIMIT } from '../subjects/subject.js'
import type { MemorySetup } from '../tasks/memory.js'
import type { Plan } from './plan.js'
import { attempt } from './plan.js'

const USERS = { quick: 200_000, default: 1_000_000, large: 1_000_000 }
const FLOOD_IDS = { quick: 1_500_000, default: 3_000_000, large: 20_000_000 }
/** Subjects with a bound on users. The others would take memory until there is none. */
const BOUNDED = ['spillway', '@fastify/rate-limit']
/** Subjects that differ from another one by their clock alone. */
const VARIANTS = ['spillway-coarse', 'map-fixed-date']
/** Subjects of a quick run. */
const FEW = ['spillway', 'map-fixed']
/** Subjects that are watched until users have gone stale and others have come. */
const WATCHED = ['spillway', 'map-fixed']

export async function runMemory(plan: Plan): Promise<MemoryResults> {
  const failures: Failure[] = []
  const runs: MemoryResults['runs'][number][] = []
  const floods: MemoryResults['floods'][number][] = []
  const users = USERS[plan.mode]
  for (const setup of plan.subjects.flatMap((spec) => setupsOf(spec, users, plan))) {
    const what = `memory, ${users} users with ${setup.requests} requests`
    plan.progress.show(`${what}: ${setup.subject}`)
    const result = await attempt(failures, setup.subject, what, () => runAlone('memory', setup, users))
    if (result) runs.push({ setup, result })
  }
  for (const { name } of plan.subjects.filter(({ name }) => BOUNDED.includes(name))) {
    const setup = { subject: name, maxUsers: DEFAULT_MAX_USERS, ids: FLOOD_IDS[plan.mode] }
    const what = `memory, flood of ${setup.ids} ids`
    plan.progress.show(`${what}: ${name}`)
    const result = await attempt(failures, name, what, () => runAlone('flood', setup, setup.maxUsers))
    if (result) floods.push({ setup, result })
  }
  return { ...plan.header, failures, users, runs, floods }
}

function setupsOf(spec: SubjectSpec, users: number, { mode }: Plan): MemorySetup[] {
  const { name: subject, group, takesClock } = spec
  const few = mode === 'quick' && !FEW.includes(subject)
  if (mode === 'large' || few || group === 'floor' || VARIANTS.includes(subject)) return []
  // More requests a user fit into one window only where the clock can be made to stand still.
  const loads = takesClock && mode !== 'quick' ? [1, 16, LIMIT] : [1]
  const watched = mode === 'quick' ? ['spillway'] : WATCHED
  return loads.map((requests) => ({ subject, users, requests, waves: watched.includes(subject) }))
}
