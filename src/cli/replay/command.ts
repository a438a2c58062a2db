/**
 * `spillway replay`: what would this limit have done to the traffic that a log recorded?
 */
import { Command, InvalidArgumentError } from 'commander'
import { MAX_USERS_RANGE } from '../../limiter/index.js'
import type { QuotaArguments } from '../terminal/arguments.js'
import { addQuotaOptions, numberIn, quotaFrom } from '../terminal/arguments.js'
import { catchInterrupt, INTERRUPTED_STATUS } from '../terminal/interrupt.js'
import { LogError } from './access-log.js'
import type { Key } from './log-line.js'
import { formatReport } from './report.js'
import { replay } from './run.js'

const TOP_RANGE = { from: 0, to: 1_000_000_000, whole: true }

interface Options extends QuotaArguments {
  readonly key: Key
  readonly top: number
  readonly maxUsers?: number
  readonly sort: boolean
  readonly json?: boolean
}

/** The command, to be added to a program. It has to be run by `parseAsync`. */
export function replayCommand(): Command {
  const command = new Command('replay')
    .summary('tell what a limit would have done to the traffic of an access log')
    .description(
      'Tells what a limit would have done to the traffic that an access log recorded, and the lowest limits that ' +
        'would have done.\n\nReads Common or Combined Log Format, plain or gzip. - is standard input. Several files ' +
        'are one log.',
    )
    .argument('<log...>', 'access logs')
    .option('-k, --key <key>', 'what tells users apart: client, user, or the number of a field', parseKey, 'client')
  return addQuotaOptions(command)
    .option('-t, --top <users>', 'how many limited users to list', numberIn(TOP_RANGE), 10)
    .option('--no-sort', 'take requests in the order of the log, not of their times')
    .option('--max-users <users>', 'users that the limiter has room for (default: all)', numberIn(MAX_USERS_RANGE))
    .option('--json', 'print the report as one JSON object')
    .addHelpText(
      'after',
      `
Fields are numbered from 1: address, identity, user, [time], "request", status, bytes, "referer", "agent".
Times in logs usually have whole seconds: figures for windows below 10 seconds are then lower bounds.
Ctrl-C ends the replay with a report of what was replayed until then.

Exit status: 0, 1 if a log cannot be read or holds no request, ${INTERRUPTED_STATUS} after Ctrl-C.

Examples:
  $ spillway replay access.log
  $ spillway replay --limit 30 --window 60000 --burst 0 access.log access.log.1 access.log.2.gz
  $ ssh web1 cat /var/log/nginx/access.log | spillway replay --key user --json -`,
    )
    .action(async (logs: string[], options: Options, command: Command) => {
      const { key, sort, maxUsers, top, json } = options
      using interrupt = catchInterrupt()
      const { signal } = interrupt
      try {
        const report = await replay(logs, { ...quotaFrom(options), key, sort, maxUsers, top }, { signal })
        process.stdout.write(`${json ? JSON.stringify(report, null, 2) : formatReport(report)}\n`)
        if (report.interrupted) process.exitCode = INTERRUPTED_STATUS
      } catch (error) {
        if (!(error instanceof LogError)) throw error
        command.error(`error: ${error.message}`, { exitCode: signal.aborted ? INTERRUPTED_STATUS : 1 })
      }
    })
}

function parseKey(text: string): Key {
  if (text === 'client' || text === 'user') return text
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be client, user, or the number of a field, counted from 1.')
}
