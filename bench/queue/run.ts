/**
 * `npm run bench:queue`: queues beside each other, each in a process of its own. Prints a table, and leaves the results where
 * `npm run bench:render` finds them.
 */
import { Command } from 'commander'
import { namesOf, wholeUpTo } from '../arguments.js'
import { JobProcess } from '../job-process.js'
import { Progress } from '../progress.js'
import { isWhole, report } from '../report.js'
import type { Failure, QueueCell } from '../results.js'
import { header } from '../results.js'
import { attempt } from '../suites/plan.js'
import type { QueueJobs, QueueSubjectName, TrafficName } from './protocol.js'
import { SUBJECT_NAMES, TRAFFICS } from './protocol.js'
import { QUEUE_SUBJECTS } from './subjects.js'

interface Options {
  only?: ReadonlySet<string>
  waiting: number
  idle: number
  rounds: number
  json?: true
}

/** A whole run, whose results go into the documents. */
const WHOLE = { waiting: 1_000_000, idle: 200_000, rounds: 3 }
const PACKAGES = ['spillway', 'p-throttle', 'p-queue', 'bottleneck', 'limiter', 'rate-limiter-flexible']
/** A subject that takes longer for one measurement is given up. */
const PATIENCE_MS = 40_000
/** With a part of those who wait it is tried again. */
const FEWER = 100

const parseWhole = wholeUpTo(10_000_000)

const program = new Command('npm run bench:queue --')
  .description('Times queues, counts the bytes of those who wait, and the most starts in a window: some 6 minutes.')
  .option('--only <names>', `some of ${SUBJECT_NAMES.join(', ')}, separated by commas`, namesOf(SUBJECT_NAMES))
  .option('--waiting <number>', 'how many wait at once', parseWhole, WHOLE.waiting)
  .option('--idle <number>', 'calls with nobody waiting', parseWhole, WHOLE.idle)
  .option('--rounds <number>', 'rounds of the calls with nobody waiting', parseWhole, WHOLE.rounds)
  .option('--json', 'print the results as JSON instead of tables')
  .showHelpAfterError()

await run(program.parse().opts<Options>())

async function run({ only, json, ...plan }: Options): Promise<void> {
  const whole = !only && isWhole(plan, WHOLE)
  const progress = new Progress()
  const failures: Failure[] = []
  const cells: QueueCell[] = []
  for (const subject of SUBJECT_NAMES) {
    if (!only || only.has(subject)) cells.push(await measure(subject, plan, progress, failures))
  }
  progress.clear()
  const head = header(whole ? 'default' : 'quick', 0, PACKAGES)
  report('queue', { ...head, failures, waiting: plan.waiting, cells }, { whole, json, tables: ['queue'] })
}

async function measure(
  subject: QueueSubjectName,
  { waiting, idle, rounds }: Omit<Options, 'only' | 'json'>,
  progress: Progress,
  failures: Failure[],
): Promise<QueueCell> {
  const { label } = QUEUE_SUBJECTS[subject]
  /** Each measurement has a process of its own, so that none leaves anything behind for the next. */
  const inProcess = <Name extends keyof QueueJobs>(what: string, job: Name, given: QueueJobs[Name]['given']) => {
    progress.show(`${label}: ${what}`)
    return attempt(failures, label, what, async () => {
      const child = new JobProcess<QueueJobs>(new URL('./subject-process.js', import.meta.url), ['--expose-gc'])
      const patience = setTimeout(() => child.end(), PATIENCE_MS)
      try {
        return await child.ask(job, given)
      } finally {
        clearTimeout(patience)
        await child.end()
      }
    })
  }
  const idleNs: number[] = []
  for (let round = 1; round <= rounds; round++) {
    const result = await inProcess(`nobody waiting, round ${round}`, 'idle', { subject, count: idle })
    if (result) idleNs.push(result.ns)
  }
  const most: Partial<Record<TrafficName, number>> = {}
  for (const traffic of Object.keys(TRAFFICS) as TrafficName[]) {
    const result = await inProcess(traffic, 'starts', { subject, traffic })
    if (result) most[traffic] = result.most
  }
  const hold = (count: number) => inProcess(`${count} waiting`, 'waiting', { subject, count })
  const held = (await hold(waiting)) ?? (await hold(Math.ceil(waiting / FEWER)))
  return { subject, idleNs, most, waiting: held }
}
