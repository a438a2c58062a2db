/**
 * `node build/bench/profile.js`: decisions of one subject and nothing else, for a profiler to look at.
 */
import { Command, Option } from 'commander'
import { wholeUpTo } from './arguments.js'
import { spreadOf } from './stats.js'
import { SUBJECTS } from './subjects/index.js'
import { WINDOW_MS } from './subjects/subject.js'
import type { IdUse } from './tasks/throughput.js'
import { ThroughputTask } from './tasks/throughput.js'

interface Options {
  subject: string
  users: number
  ids: IdUse
  seconds: number
}

const program = new Command('node build/bench/profile.js')
  .description('Makes one limiter decide over and over, for a profiler to look at. docs/benchmarks.md shows how.')
  .addOption(
    new Option('--subject <name>', 'the limiter').choices(SUBJECTS.map(({ name }) => name)).default('spillway'),
  )
  .option('--users <number>', 'users who ask in turn, at random', wholeUpTo(100_000_000), 1000)
  .addOption(
    new Option('--ids <use>', 'the same strings again, or new ones').choices(['reused', 'fresh']).default('reused'),
  )
  .option('--seconds <number>', 'how long', wholeUpTo(3600), 5)
  .showHelpAfterError()

const { subject, users, ids, seconds } = program.parse().opts<Options>()
const setup = { subject, users, ids, idKind: 'uuid', clock: 'own', windowMs: WINDOW_MS, seed: 1 } as const
const task = await ThroughputTask.prepare({ ...setup, distributions: ['uniform'], budgetMs: 200 })
const end = performance.now() + seconds * 1000
const times: number[] = []
while (performance.now() < end) for (const { nsPerDecision } of await task.round()) times.push(nsPerDecision)
console.log(`${subject}: ${spreadOf(times).median.toFixed(0)} ns a decision, median of ${times.length} rounds`)
process.exit()
