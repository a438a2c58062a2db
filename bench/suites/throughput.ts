/**
 * Throughput of all subjects, side by side. In every round each subject has its turn, in an order that moves on from
 * round to round, so whatever the machine does meanwhile falls on all of them.
 */
import { freemem } from 'node:os'
import type { Failure, ThroughputCell, ThroughputResults } from '../results.js'
import { SubjectProcess } from '../subject-process.js'
import type { SubjectSpec } from '../subjects/subject.js'
import { WINDOW_MS } from '../subjects/subject.js'
import type { CellRound, ThroughputSetup } from '../tasks/throughput.js'
import type { Plan } from './plan.js'
import { attempt, LARGE_USERS, LARGE_WINDOW_MS } from './plan.js'

/** Subjects that are measured side by side over one population. */
interface Group extends Omit<ThroughputSetup, 'subject' | 'seed' | 'windowMs'> {
  /** Default: a second. */
  readonly windowMs?: number
  readonly rounds: number
  readonly takesPart: (spec: SubjectSpec) => boolean
}

const UNIFORM = ['uniform'] as const
const BOTH = ['uniform', 'zipf'] as const
const USES = ['reused', 'fresh'] as const

/** Main memory that a subject may take a user, to tell whether all of them fit at the same time. */
const BYTES_A_USER = 500

const everyone = () => true
/** All but those that keep no users, and a variant that differs by its clock alone. */
const keepers = ({ name }: SubjectSpec) => !['clock', 'empty', 'map-fixed-date'].includes(name)
const handWritten = ({ group }: SubjectSpec) => group !== 'peer'
const clocked = ({ takesClock }: SubjectSpec) => takesClock
/** Those that take ten million users in bearable time and memory: the closest peer, and what is written by hand. */
const largest = ({ name }: SubjectSpec) =>
  ['spillway', '@joint-ops/hitlimit', 'map-slots', 'map-fixed', 'null'].includes(name)
/** Those that show most, where measuring all of them would say little more. */
const few = ({ name }: SubjectSpec) => ['spillway', 'map-fixed', 'map-slots', 'null'].includes(name)

export async function runThroughput(plan: Plan): Promise<ThroughputResults> {
  const failures: Failure[] = []
  const cells: ThroughputCell[] = []
  for (const group of groupsOf(plan)) {
    const specs = plan.subjects.filter(group.takesPart)
    const rounds = await runGroup(plan, group, specs, failures)
    const { users, idKind, ids, clock } = group
    for (const { name } of specs) {
      const ofSubject = rounds.get(name)
      if (!ofSubject?.length) continue
      for (const [index, distribution] of group.distributions.entries()) {
        const measured = ofSubject.map((round) => round[index]!)
        cells.push({ users, idKind, ids, clock, subject: name, distribution, rounds: measured })
      }
    }
  }
  return { ...plan.header, failures, cells }
}

function groupsOf({ mode }: Plan): Group[] {
  const own = { idKind: 'uuid', clock: 'own' } as const
  const short = { idKind: 'short', clock: 'own' } as const
  const counter = { idKind: 'uuid', clock: 'counter' } as const
  const ofBothUses = (group: Omit<Group, 'ids'>) => USES.map((ids) => ({ ...group, ids }))
  const [small, medium, large] = [1000, 100_000, 1_000_000]
  if (mode === 'quick') {
    const effort = { distributions: UNIFORM, rounds: 3, budgetMs: 30 }
    return [
      ...ofBothUses({ users: small, ...own, takesPart: everyone, ...effort }),
      ...ofBothUses({ users: large, ...own, takesPart: few, ...effort }),
    ]
  }
  if (mode === 'large') {
    const effort = { distributions: UNIFORM, rounds: 2, budgetMs: 500 }
    const window = { windowMs: LARGE_WINDOW_MS }
    return [{ users: LARGE_USERS, ...own, ...window, ids: 'fresh', takesPart: largest, ...effort }]
  }
  const effort = { distributions: BOTH, rounds: 5, budgetMs: 150 }
  const less = { distributions: UNIFORM, rounds: 3, budgetMs: 150 }
  return [
    ...ofBothUses({ users: small, ...own, takesPart: everyone, ...effort }),
    ...ofBothUses({ users: medium, ...own, takesPart: keepers, ...effort }),
    ...ofBothUses({ users: large, ...own, takesPart: keepers, ...effort }),
    ...ofBothUses({ users: small, ...short, takesPart: handWritten, ...less }),
    ...ofBothUses({ users: large, ...short, takesPart: few, ...less }),
    ...ofBothUses({ users: small, ...counter, takesPart: clocked, ...less }),
    ...ofBothUses({ users: large, ...counter, takesPart: few, ...less }),
  ]
}

/** Rounds by subject. */
async function runGroup(
  plan: Plan,
  group: Group,
  specs: readonly SubjectSpec[],
  failures: Failure[],
): Promise<Map<string, CellRound[][]>> {
  const { rounds, takesPart: _, windowMs = WINDOW_MS, ...setup } = group
  const { users, idKind, ids, clock } = group
  const what = `${users} users, ${ids} ${idKind} ids, ${clock} clock`
  const together = users * BYTES_A_USER * specs.length < 0.8 * freemem()
  const kept = new Map<string, SubjectProcess>()
  const results = new Map<string, CellRound[][]>()
  const broken = new Set<string>()

  const prepare = async ({ name }: SubjectSpec) => {
    plan.progress.show(`throughput, ${what}: ${name} is prepared`)
    const child = new SubjectProcess(users)
    kept.set(name, child)
    await child.ask('prepareThroughput', { ...setup, windowMs, subject: name, seed: plan.seed })
    return child
  }
  const finish = async (name: string) => {
    await kept.get(name)?.end()
    kept.delete(name)
  }
  const guarded = async (spec: SubjectSpec, work: () => Promise<void>) => {
    if (broken.has(spec.name)) return
    const before = failures.length
    await attempt(failures, spec.name, what, work)
    if (failures.length === before) return
    broken.add(spec.name)
    await finish(spec.name)
  }

  if (together) {
    for (const spec of specs) await guarded(spec, async () => void (await prepare(spec)))
  }
  for (let round = 0; round < rounds; round++) {
    for (const spec of rotated(specs, round)) {
      await guarded(spec, async () => {
        const child = kept.get(spec.name) ?? (await prepare(spec))
        plan.progress.show(`throughput, ${what}: ${spec.name}, round ${round + 1} of ${rounds}`)
        const measured = await child.ask('throughputRound', null)
        results.set(spec.name, [...(results.get(spec.name) ?? []), measured])
        if (!together) await finish(spec.name)
      })
    }
  }
  for (const name of [...kept.keys()]) await finish(name)
  return results
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const start = items.length === 0 ? 0 : by % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}
