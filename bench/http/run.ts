/**
 * `npm run bench:http`: what limiters cost servers, over HTTP on the loopback. Prints tables, and leaves the results where
 * `npm run bench:render` finds them.
 */
import { Command } from 'commander'
import { namesOf, parseSeed, wholeUpTo } from '../arguments.js'
import { Progress } from '../progress.js'
import { isWhole, report } from '../report.js'
import { header, ROOT } from '../results.js'
import { HOSTS, TRAFFICS } from './protocol.js'
import { PACKAGES } from './servers.js'
import { runHttp } from './suite.js'

interface Options {
  only?: ReadonlySet<string>
  seconds: number
  rounds: number
  clients: number
  connections: number
  seed: number
  profile?: true
  json?: true
}

/** A whole run, whose results go into the documents. */
const WHOLE = { seconds: 4, rounds: 7, clients: 1_000_000, connections: 16 }
/** Where profiles go. */
const PROFILES = new URL('build/profiles/', ROOT)

const parseWhole = wholeUpTo(100_000_000)

const program = new Command('npm run bench:http --')
  .description(
    'Measures Express, Fastify and Hono bare, with Spillway, and with the limiter that is usual for each. Results go to ' +
      'bench/results, those of a run with other options than the default ones to bench/results/trial.',
  )
  .option(
    '--only <names>',
    `some hosts or traffics, as in hono,many: ${[...HOSTS, ...TRAFFICS].join(', ')}`,
    namesOf([...HOSTS, ...TRAFFICS]),
  )
  .option('--seconds <number>', 'length of a round with one client', parseWhole, WHOLE.seconds)
  .option('--rounds <number>', 'rounds of each server', parseWhole, WHOLE.rounds)
  .option('--clients <number>', 'clients over all rounds with many, one request each', parseWhole, WHOLE.clients)
  .option('--connections <number>', 'connections that send requests', parseWhole, WHOLE.connections)
  .option('--seed <number>', 'whole number that the order in the rounds comes from', parseSeed, 1)
  .option('--profile', 'write CPU profiles to build/profiles, a round each; the figures are then higher')
  .option('--json', 'print the results as JSON instead of tables')
  .showHelpAfterError()

await run(program.parse().opts<Options>())

async function run({ only, seed, profile, json, ...amounts }: Options): Promise<void> {
  const chosen = <Name extends string>(names: readonly Name[]) => {
    const some = names.filter((name) => only?.has(name))
    return some.length > 0 ? some : names
  }
  const { seconds, rounds, clients, connections } = amounts
  const plan = { hosts: chosen(HOSTS), traffics: chosen(TRAFFICS), seconds, rounds, clients, connections }
  const whole = !only && !profile && isWhole(plan, WHOLE)
  const progress = new Progress()
  const head = header(whole ? 'default' : 'quick', seed, PACKAGES)
  const [cells, failures] = await runHttp(plan, { seed, progress, profiles: profile && PROFILES })
  progress.clear()
  const tables = plan.traffics.map((traffic) => `http-${traffic}` as const)
  report('http', { ...head, failures, plan, cells }, { whole, json, tables })
}
