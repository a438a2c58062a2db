/** `spillway bench`: how does it compare on this machine? */
import { Command } from 'commander'
import { numberIn } from '../terminal/arguments.js'
import { catchInterrupt, INTERRUPTED_STATUS } from '../terminal/interrupt.js'
import { formatBench } from './report.js'
import { bench, usersThatFit } from './run.js'

const SECONDS_RANGE = { from: 0.01, to: 3600 }
const USERS_RANGE = { from: 1000, to: 5_000_000, whole: true }

interface Options {
  readonly seconds: number
  readonly users?: number
  readonly json?: boolean
}

/** The command, to be added to a program. It has to be run by `parseAsync`. */
export function benchCommand(): Command {
  return new Command('bench')
    .summary('compare with limiters written by hand, on this machine, in a minute')
    .description(
      'Compares Spillway with what one would write by hand around a Map: a fixed window, a sliding log of times, a token ' +
        'bucket. All run in this process, one after the other, with the same requests.',
    )
    .option('-s, --seconds <seconds>', 'how long to time decisions, in all', numberIn(SECONDS_RANGE), 24)
    .option('-u, --users <count>', 'the larger number of users (default: 1,000,000 if they fit)', numberIn(USERS_RANGE))
    .option('--json', 'print the report as one JSON object')
    .addHelpText(
      'after',
      `
The arrival of users and collecting garbage come on top of
--seconds. A quiet machine gives steadier figures; how the
columns compare says more than what each figure is.

The full benchmarks are of published limiters, each in
processes of its own, with their spread: their results are
in docs/benchmarks.md of this package, and npm run bench in
a clone of the repository runs them.

Exit status: 0, ${INTERRUPTED_STATUS} after Ctrl-C, with what was measured
until then.

Examples:
  $ spillway bench
  $ spillway bench --seconds 120 --users 3000000
  $ spillway bench --json > bench.json`,
    )
    .action(async ({ seconds, users = usersThatFit(), json }: Options) => {
      using interrupt = catchInterrupt()
      const report = await bench({ seconds, users }, interrupt.signal)
      process.stdout.write(`${json ? JSON.stringify(report, null, 2) : formatBench(report)}\n`)
      if (report.interrupted) process.exitCode = INTERRUPTED_STATUS
    })
}
