/**
 * `npm run bench:fleet`: limiters that many processes share, on one Redis server that it starts itself. Prints a table, and leaves
 * the results where `npm run bench:render` finds them.
 */
import { Command } from 'commander'
import { namesOf, parseSeed, wholeUpTo } from '../arguments.js'
import { Progress } from '../progress.js'
import { isWhole, report } from '../report.js'
import { header } from '../results.js'
import { SUBJECT_NAMES } from './protocol.js'
import { RedisServer, redisVersion } from './redis-server.js'
import { PACKAGES } from './subjects.js'
import type { FleetPlan } from './suite.js'
import { FleetSuite } from './suite.js'

interface Options {
  only?: ReadonlySet<string>
  quick?: true
  rounds?: number
  seed: number
  json?: true
}

/** A whole run, whose results go into the documents, and a look. */
const WHOLE: FleetPlan = {
  rounds: 5,
  decisions: 200_000,
  single: 10_000,
  keys: 10_000,
  hammerings: 5,
  zipfUsers: 2000,
  zipfSeconds: 20,
  synchronous: 3_000_000,
}
const QUICK: FleetPlan = {
  rounds: 2,
  decisions: 30_000,
  single: 2000,
  keys: 10_000,
  hammerings: 2,
  zipfUsers: 1000,
  zipfSeconds: 5,
  synchronous: 1_000_000,
}

const program = new Command('npm run bench:fleet --')
  .description(
    'Limiters that many processes share, on a redis-server that is started for it: decisions, CPU time of both sides, bytes a key, ' +
      'worst windows, calls to the store. Results go to bench/results, those of a run with other ' +
      'options than the default ones to bench/results/trial.',
  )
  .option('--only <names>', `some of ${SUBJECT_NAMES.join(', ')}, separated by commas`, namesOf(SUBJECT_NAMES))
  .option('--quick', 'less of everything')
  .option('--rounds <number>', 'rounds of each subject', wholeUpTo(1000))
  .option(
    '--seed <number>',
    'whole number that the order in the rounds and the replayed traffic come from',
    parseSeed,
    1,
  )
  .option(
    '--simulate',
    'a fleet of a thousand processes on virtual time instead, without a server; it has options of its own',
  )
  .option('--json', 'print the results as JSON instead of tables')
  .showHelpAfterError()

const simulated = process.argv.indexOf('--simulate')
if (simulated < 0) {
  await run(program.parse().opts<Options>())
} else {
  process.argv.splice(simulated, 1)
  await import('./simulate.js')
}

async function run({ only, quick, rounds, seed, json }: Options): Promise<void> {
  const version = redisVersion()
  if (version === undefined) {
    console.error(
      'There is no redis-server here, which this needs. Debian: apt-get install redis-server; macOS: brew install redis',
    )
    process.exitCode = 1
    return
  }
  const base = quick ? QUICK : WHOLE
  const plan: FleetPlan = { ...base, rounds: rounds ?? base.rounds }
  const whole = !only && isWhole(plan, WHOLE)
  const progress = new Progress()
  const head = header(whole ? 'default' : 'quick', seed, PACKAGES)
  const server = await RedisServer.start()
  const suite = new FleetSuite(server, plan, seed, progress)
  const cells = await suite
    .run(SUBJECT_NAMES.filter((subject) => !only || only.has(subject)))
    .finally(() => server.stop())
  progress.clear()
  const versions = { ...head.versions, 'redis-server': version }
  const tables = ['fleet', 'fleet-keeping', 'fleet-synchronous'] as const
  report('fleet', { ...head, versions, failures: suite.failures, plan, cells }, { whole, json, tables })
}
