/**
 * `npm run bench`: runs the suites, prints their tables, and leaves the results where `npm run bench:render` finds them.
 */
import { Command, InvalidArgumentError, Option } from 'commander'
import { parseSeed } from './arguments.js'
import { Progress } from './progress.js'
import type { Mode, Results, SuiteName } from './results.js'
import { FOLDERS, header, SUITE_NAMES, saveResults } from './results.js'
import { SUBJECTS, subjectNamed } from './subjects/index.js'
import type { SubjectSpec } from './subjects/subject.js'
import { runExactness } from './suites/exactness.js'
import { runLoading } from './suites/loading.js'
import { runMemory } from './suites/memory.js'
import type { Plan } from './suites/plan.js'
import { runTail } from './suites/tail.js'
import { runThroughput } from './suites/throughput.js'
import { failureList, TABLES } from './tables/index.js'

interface Options {
  quick?: true
  large?: true
  only?: SuiteName
  subjects?: readonly SubjectSpec[]
  json?: true
  seed: number
}

const TABLES_OF: Record<SuiteName, readonly (keyof typeof TABLES)[]> = {
  throughput: ['throughput', 'throughput-short', 'throughput-counter', 'id-cost'],
  exactness: ['exactness'],
  tail: ['tail-growing', 'tail-sweeping', 'tail-again'],
  memory: ['memory', 'memory-waves', 'memory-flood'],
  loading: ['loading', 'loading-pauses'],
}

/** The suites that a large population means something to. */
const LARGE_SUITES: readonly SuiteName[] = ['throughput', 'tail', 'memory']

const program = new Command('npm run bench --')
  .description(
    'Measures Spillway beside published and hand-written limiters. Results go to bench/results, ' +
      'those of a large one to bench/results/large, of a partial one (--quick, --subjects) to bench/results/trial.',
  )
  .addOption(new Option('--quick', 'a look in about five minutes: fewer users, rounds and subjects').conflicts('large'))
  .option('--large', '10M users and a flood of 20M ids, of few subjects: some ten minutes, and 8 GB of memory')
  .addOption(new Option('--only <suite>', 'one suite').choices(SUITE_NAMES))
  .option(
    '--subjects <names>',
    `some subjects, as in a,b: ${SUBJECTS.map(({ name }) => name).join(', ')}`,
    parseSubjects,
  )
  .option('--seed <number>', 'whole number that ids and picks come from', parseSeed, 1)
  .option('--json', 'print the results as JSON instead of tables')
  .showHelpAfterError()

await run(program.parse().opts<Options>())

async function run(options: Options): Promise<void> {
  const mode: Mode = options.quick ? 'quick' : options.large ? 'large' : 'default'
  const partial = mode === 'quick' || options.subjects !== undefined
  const folder = partial ? FOLDERS.trial : mode === 'large' ? FOLDERS.large : FOLDERS.whole
  const progress = new Progress()
  const { seed, subjects = SUBJECTS } = options
  const plan: Plan = { mode, header: header(mode, seed), seed, progress, subjects }
  const results: Results = {}
  const suites = mode === 'large' ? LARGE_SUITES : SUITE_NAMES
  for (const name of options.only ? [options.only] : suites) {
    await runSuite(name, plan, results)
    progress.clear()
    saveResults(folder, name, results[name])
    if (!options.json) printSuite(name, results)
  }
  console.log(options.json ? JSON.stringify(results) : `\n## Goals\n\n${TABLES.goals(results)}`)
}

async function runSuite(name: SuiteName, plan: Plan, results: Results): Promise<void> {
  switch (name) {
    case 'throughput':
      results.throughput = await runThroughput(plan)
      break
    case 'exactness':
      results.exactness = await runExactness(plan)
      break
    case 'tail':
      results.tail = await runTail(plan)
      break
    case 'memory':
      results.memory = await runMemory(plan)
      break
    case 'loading':
      results.loading = await runLoading(plan)
  }
}

function printSuite(name: SuiteName, results: Results): void {
  for (const table of TABLES_OF[name]) console.log(`\n## ${table}\n\n${TABLES[table](results)}`)
  const failures = results[name]?.failures ?? []
  if (failures.length > 0) console.log(`\nNot measured:\n${failureList(failures)}`)
}

function parseSubjects(names: string): SubjectSpec[] {
  return names.split(',').map((name) => {
    try {
      return subjectNamed(name)
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message)
    }
  })
}
