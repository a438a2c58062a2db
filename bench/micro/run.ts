/** `npm run bench:micro`: times each public operation by itself, in seconds. Checks answers before and while it times. */
import { cpus } from 'node:os'
import { Command, Option } from 'commander'
import type { FnReturnedObject } from 'tinybench'
import { Bench } from 'tinybench'
import { parseSeed } from '../arguments.js'
import type { Batch, Operation } from './operations.js'
import { OPERATIONS } from './operations.js'

interface Options {
  only?: string
  json?: true
  seed: number
}

const TIME_MS = 400
const WARM_UP_MS = 150
const LEAST_BATCHES = 5

const program = new Command('npm run bench:micro --')
  .description('Times each public operation of the built package, in batches of calls whose answers are checked.')
  .addOption(new Option('--only <name>', 'one operation').choices(OPERATIONS.map(({ name }) => name)))
  .option('--seed <number>', 'whole number that the order of users comes from', parseSeed, 1)
  .option('--json', 'print JSON instead of a table')
  .showHelpAfterError()

const { only, json, seed } = program.parse().opts<Options>()
const operations = OPERATIONS.filter(({ name }) => only === undefined || name === only)

if (!json) {
  console.log(`Each operation is timed for ${TIME_MS} ms after ${WARM_UP_MS} ms of warming up, by batches of calls.`)
  console.log('A time is that of one call, averaged over its batch; the answers of every batch are checked.')
  console.log(`Node ${process.versions.node}, ${cpus()[0]?.model.trim() ?? 'unknown processor'}, seed ${seed}.\n`)
  for (const { name, what } of operations) console.log(`  ${name.padEnd(12)} ${what}`)
  console.log()
}

const results: { operation: Operation; bench: Bench }[] = []
for (const operation of operations) results.push({ operation, bench: await time(operation) })

if (json) console.log(JSON.stringify(results.map(figures), null, 2))
else console.table(results.flatMap(({ bench }) => bench.table()))

/** A bench for each operation, so that only one limiter's users are in memory. */
async function time(operation: Operation): Promise<Bench> {
  const batch = operation.prepare(seed)
  // The first batches are not timed at all: a benchmark of wrong answers is worth nothing.
  for (let tries = 0; tries < 2; tries++) runBatch(operation, batch)
  const bench = new Bench({
    time: TIME_MS,
    warmupTime: WARM_UP_MS,
    iterations: LEAST_BATCHES,
    warmupIterations: LEAST_BATCHES,
    throws: true,
  })
  bench.add(operation.name, () => {
    const start = performance.now()
    const tookMs = runBatch(operation, batch)
    return {
      overriddenDuration: tookMs / batch.calls,
      overriddenIterationCost: performance.now() - start,
    } satisfies FnReturnedObject
  })
  await bench.run()
  return bench
}

/** Runs a batch; gives the milliseconds that its calls took. */
function runBatch({ name }: Operation, batch: Batch): number {
  batch.before?.()
  const start = performance.now()
  const answer = batch.run()
  const tookMs = performance.now() - start
  if (answer !== batch.answer) {
    throw new Error(`${name}: ${batch.calls} calls add up to ${answer}, where ${batch.answer} is right`)
  }
  batch.after?.()
  return tookMs
}

function figures({ operation: { name, what }, bench }: { operation: Operation; bench: Bench }) {
  const { result } = bench.tasks[0]!
  if (!('latency' in result)) throw new Error(`${name} was not timed: ${result.state}`)
  const { mean, p50, min, p99, rme, samplesCount } = result.latency
  const ns = (ms: number) => Number((ms * 1e6).toFixed(1))
  return {
    name,
    what,
    medianNs: ns(p50),
    meanNs: ns(mean),
    leastNs: ns(min),
    p99Ns: ns(p99),
    errorPercent: Number(rme.toFixed(2)),
    batches: samplesCount,
  }
}
