/**
 * `spillway replay`: what would this limit have done to the traffic that a log recorded?
 */
import { Command, InvalidArgumentError, Option } from 'commander'
import type { Trust } from '../../http/trust.js'
import { readTrust } from '../../http/trust.js'
import { MAX_USERS_RANGE } from '../../limiter/index.js'
import type { QuotaArguments } from '../terminal/arguments.js'
import { addQuotaOptions, numberIn, quotaFrom } from '../terminal/arguments.js'
import { catchInterrupt, INTERRUPTED_STATUS } from '../terminal/interrupt.js'
import type { FormatName, Key } from './formats/index.js'
import { FORMAT_NAMES } from './formats/index.js'
import { LogError } from './log-error.js'
import { formatReport } from './report.js'
import { replay } from './run.js'

const IPV6_PREFIX_RANGE = { from: 32, to: 128, whole: true }
const TOP_RANGE = { from: 0, to: 1_000_000_000, whole: true }

interface Options extends QuotaArguments {
  readonly key: Key
  readonly format?: FormatName
  readonly trust?: Trust
  readonly ipv6Prefix: number
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
        'would have done.\n\nReads the logs of Apache and nginx (Common and Combined Log Format, with the virtual host or ' +
        'without), JSON of nginx and Caddy, AWS ALB, CloudFront, and HAProxy, plain or gzip. - is standard input. ' +
        'Several files are one log.',
    )
    .argument('<log...>', 'access logs')
    .option('-k, --key <key>', 'what tells users apart: client, user, a field or JSON path', parseKey, 'client')
    .addOption(new Option('-f, --format <name>', 'format of the lines (default: as they look)').choices(FORMAT_NAMES))
    .option('--trust <proxies>', 'proxies whose word counts: how many, or their networks', parseTrust)
    .option('--ipv6-prefix <bits>', 'bits of an IPv6 address that count', numberIn(IPV6_PREFIX_RANGE), 56)
  return addQuotaOptions(command)
    .option('-t, --top <users>', 'how many limited users to list', numberIn(TOP_RANGE), 10)
    .option('--no-sort', 'take requests in the order of the log, not of their times')
    .option('--max-users <users>', 'users that the limiter has room for (default: all)', numberIn(MAX_USERS_RANGE))
    .option('--json', 'print the report as one JSON object')
    .addHelpText(
      'after',
      `
Fields are numbered from 1: address, identity, user, [time],
"request", status, bytes, "referer", "agent". So --key 9 is
the agent; --key x-host-header is a field of CloudFront, and
--key 'request.headers.X-Api-Key[0]' a path in JSON.

Of a list of forwarded addresses (a, b) counts what --trust
says, as in clientAddress of spillway/http: --trust 1 for
one proxy before the server; --trust loopback,10.0.0.0/8 for
all in these networks. Without it, lists count for nobody.

Times in logs usually have whole seconds: figures for
windows below 10 seconds are then lower bounds. Ctrl-C ends
the replay with a report of what was replayed until then.

Exit status: 0, 1 if a log cannot be read or holds no
request, ${INTERRUPTED_STATUS} after Ctrl-C.

Examples:
  $ spillway replay access.log
  $ spillway replay -l 30 -w 60000 access.log*
  $ spillway replay --trust private --format nginx-json log
  $ ssh web1 cat access.log | spillway replay --json -`,
    )
    .action(async (logs: string[], options: Options, command: Command) => {
      const { key, format, trust, ipv6Prefix, sort, maxUsers, top, json } = options
      using interrupt = catchInterrupt()
      const { signal } = interrupt
      try {
        const settings = { ...quotaFrom(options), key, format, trust, ipv6Prefix, sort, maxUsers, top }
        const report = await replay(logs, settings, { signal })
        process.stdout.write(`${json ? JSON.stringify(report, null, 2) : formatReport(report)}\n`)
        if (report.interrupted) process.exitCode = INTERRUPTED_STATUS
      } catch (error) {
        if (!(error instanceof LogError)) throw error
        command.error(`error: ${error.message}`, { exitCode: signal.aborted ? INTERRUPTED_STATUS : 1 })
      }
    })
}

function parseKey(text: string): Key {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text)
  // Numbers of no field, but for a part of one.
  if (text !== '' && (!/^[-+\d]/.test(text) || /^[1-9]\d{0,3}\.[1-9]\d{0,3}$/.test(text))) return text
  throw new InvalidArgumentError(
    'It must be client, user, or the number of a field, counted from 1, or its name or JSON path.',
  )
}

function parseTrust(text: string): Trust {
  const trust = /^\d+$/.test(text) ? Number(text) : text.split(',').map((network) => network.trim())
  try {
    readTrust(trust)
    return trust
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? `${error.message}.` : '')
  }
}
