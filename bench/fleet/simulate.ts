/**
 * `npm run bench:fleet -- --simulate`: a fleet of a thousand processes on virtual time. Prints a table, and leaves the results where
 * `npm run bench:render` finds them.
 */
import { Command } from 'commander'
import { parseSeed, wholeUpTo } from '../arguments.js'
import { Progress } from '../progress.js'
import { isWhole } from '../report.js'
import type { Results } from '../results.js'
import { FOLDERS, header, saveResults } from '../results.js'
import { TABLES } from '../tables/index.js'
import type { SimulationCell, SimulationPlan } from './simulation.js'
import { simulate } from './simulation.js'

/** A whole run, whose results go into the documents. */
const WHOLE: SimulationPlan = { processes: 1000, users: 10_000_000, rate: 200_000, seconds: 3, seed: 1 }
const ALLOWANCES = [1, 2, 3, 5, 10, 25, 50]

const program = new Command('npm run bench:fleet -- --simulate')
  .description(
    'Simulates a fleet: calls to the store, and what is admitted beyond the limit, by allowance. Some minutes.',
  )
  .option('--processes <number>', 'processes', wholeUpTo(5000), WHOLE.processes)
  .option('--users <number>', 'users', wholeUpTo(100_000_000), WHOLE.users)
  .option('--rate <number>', 'requests a second of the whole fleet', wholeUpTo(2_000_000), WHOLE.rate)
  .option('--seconds <number>', 'seconds', wholeUpTo(60), WHOLE.seconds)
  .option('--seed <number>', 'of the random numbers', parseSeed, WHOLE.seed)
  .option('--json', 'print the results as JSON instead of a table')
  .showHelpAfterError()

const { json, ...plan } = program.parse().opts<SimulationPlan & { json?: true }>()
const whole = isWhole<SimulationPlan>(plan, WHOLE)
// Before time is faked.
const head = header(whole ? 'default' : 'quick', plan.seed, ['spillway'])
const progress = new Progress()
const cells: SimulationCell[] = []
for (const allowance of ALLOWANCES) {
  const label = `allowance ${allowance}`
  cells.push(await simulate(plan, allowance, (share) => progress.show(`${label}: ${Math.round(100 * share)} %`)))
}
progress.clear()
const results: Results = { simulation: { ...head, failures: [], plan, cells } }
saveResults(whole ? FOLDERS.whole : FOLDERS.trial, 'simulation', results.simulation)
console.log(json ? JSON.stringify(results) : TABLES['fleet-simulation'](results))
// The fakes are for good: timers of the limiters would never fire.
process.exit()
