/**
 * `spillway stress`: many clients at once, in real time, and every decision held to the rules.
 */
import { Command } from 'commander'
import { MAX_USERS_RANGE } from '../../limiter/index.js'
import type { QuotaArguments } from '../terminal/arguments.js'
import { addQuotaOptions, numberIn, quotaFrom } from '../terminal/arguments.js'
import { catchInterrupt, INTERRUPTED_STATUS } from '../terminal/interrupt.js'
import type { LoadOptions } from './load.js'
import { describeOptions, describeResults } from './report.js'
import { run } from './run.js'

const DURATION_RANGE = { from: 0.1, to: 86_400 }
const CLIENTS_RANGE = { from: 1, to: 100_000, whole: true }

interface Options extends LoadOptions, QuotaArguments {
  readonly json?: boolean
}

/** The command, to be added to a program. It has to be run by `parseAsync`. */
export function stressCommand(): Command {
  const command = new Command('stress')
    .summary('run many clients against the limiter, and check every decision')
    .description('Runs many clients against the limiter in real time, and checks every decision against the rules.')
    .option('-d, --duration <seconds>', 'how long the clients run', numberIn(DURATION_RANGE), 10)
    .option('-u, --users <count>', 'users; each request is of a random one', numberIn(MAX_USERS_RANGE), 100)
    .option('-c, --clients <count>', 'clients that ask at once', numberIn(CLIENTS_RANGE), 200)
  return addQuotaOptions(command)
    .option('--json', 'print the report as one JSON object')
    .addHelpText(
      'after',
      `
The burst scenario follows, 8 seconds in real time: a new
user's tokens, the same after 3 idle seconds, a burst of
requests at once, and the tokens after 5 more idle seconds.

A decision may be slow because the machine did something
else meanwhile. The report tells what that was: garbage
collections (most of the garbage is the test's own) and
waits for a processor. Ctrl-C ends the run with a report of
what was seen until then.

Exit status: 0 if every decision was right, 1 if not,
${INTERRUPTED_STATUS} after Ctrl-C.

Examples:
  $ spillway stress
  $ spillway stress --duration 60 --users 100000
  $ spillway stress --limit 5 --window 500 --json`,
    )
    .action(async ({ json, limit, window, burst, refill, ...load }: Options) => {
      const quota = quotaFrom({ limit, window, burst, refill })
      const options = {
        ...load,
        limit: quota.limit,
        window: quota.windowMs,
        burst: quota.capacity,
        refill: quota.refillPerSecond,
      }
      using interrupt = catchInterrupt()
      // Said first: what follows takes a while.
      if (!json) process.stdout.write(`${describeOptions(options)}\n`)
      const report = await run(options, undefined, interrupt.signal)
      process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : describeResults(report))
      process.exitCode = report.interrupted ? INTERRUPTED_STATUS : report.passed ? 0 : 1
    })
}
