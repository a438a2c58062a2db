/**
 * `spillway stress`: many clients at once, in real time, and the answers held to what the rules permit.
 */
import { createHistogram, performance } from 'node:perf_hooks'
import { setTimeout as sleep, setImmediate as yieldToOthers } from 'node:timers/promises'
import { Command } from 'commander'
import { loadLimiter } from '../limiter/index.js'
import { number, wholeNumber } from './arguments.js'
import type { Rules } from './permitted.js'
import { Permitted, strictest } from './permitted.js'
import { startProgress } from './progress.js'
import type { BurstReport, LoadReport, StressOptions, StressReport } from './stress-report.js'
import { describeReport } from './stress-report.js'

/** The promise: no decision takes longer, in milliseconds. */
const SLOW_MS = 2

const REFILL_PER_SECOND = 1

/** The command, to be added to a program. */
export function stressCommand(): Command {
  return new Command('stress')
    .description('run many clients against the limiter in real time, and check every answer against the rules')
    .option('--duration <seconds>', 'how long the clients run', number(0.1, 86_400), 10)
    .option('--users <count>', 'users, of whom each request picks one at random', wholeNumber(1, 1_000_000), 100)
    .option('--clients <count>', 'request loops running at once', wholeNumber(1, 100_000), 200)
    .option('--limit <count>', 'base admissions of a user in any window', wholeNumber(1, 1_000_000), 50)
    .option('--window <ms>', 'the sliding window, in milliseconds', number(1, 86_400_000), 1000)
    .option('--burst <tokens>', 'most burst tokens of a user; 0 for none', number(0, 1_000_000), 100)
    .option('--json', 'print the report as JSON', false)
    .addHelpText(
      'after',
      `
After the load comes the burst scenario, 8 seconds in real time: a new user's tokens, the same after 3 idle seconds, a
burst of requests at once, and the tokens after 5 more idle seconds.

The exit status is 1 if an answer was not what the rules permit.

Examples:
  $ spillway stress
  $ spillway stress --duration 60 --users 100000 --clients 1000
  $ spillway stress --limit 5 --window 500 --burst 0 --json`,
    )
    .action(async ({ json, ...options }: StressOptions & { json: boolean }) => {
      const report = await stress(options)
      process.stdout.write(json ? `${JSON.stringify(report, undefined, 2)}\n` : describeReport(report))
      if (!report.passed) process.exitCode = 1
    })
}

/** Runs the load, then the burst scenario. */
export async function stress(options: StressOptions): Promise<StressReport> {
  const rules: Rules = {
    limit: options.limit,
    windowMs: options.window,
    capacity: options.burst,
    refillPerSecond: REFILL_PER_SECOND,
  }
  const load = await runLoad(options, rules)
  const burst = await runBurst(rules)
  return { options, load, burst, passed: load.passed && burst.passed }
}

/** A clock, and what it read last: the time at which the limiter decided. */
function watchedClock() {
  const watch = { reading: 0, read: () => (watch.reading = performance.now()) }
  return watch
}

function loadWith({ limit, windowMs, capacity, refillPerSecond }: Rules, clock: () => number) {
  return loadLimiter({ limit, windowMs, burst: { capacity, refillPerSecond }, clock })
}

async function runLoad({ duration, users, clients }: StressOptions, rules: Rules): Promise<LoadReport> {
  const clock = watchedClock()
  using limiter = await loadWith(rules, clock.read)
  const loadedAt = clock.reading
  const watched = Array.from({ length: users }, (_, index) => ({
    id: `user_${index + 1}`,
    allowed: 0,
    most: new Permitted(rules),
    least: new Permitted(strictest(rules)),
  }))
  const latencies = createHistogram()
  const total = { requests: 0, allowed: 0, slow: 0, slowNothings: 0 }
  const start = performance.now()
  const end = start + duration * 1000

  const client = async () => {
    while (performance.now() < end) {
      const user = watched[Math.floor(Math.random() * users)]
      const before = performance.now()
      const allowed = limiter.isAllowed(user.id)
      const after = performance.now()
      const took = after - before
      if (performance.now() - after > SLOW_MS) total.slowNothings++
      latencies.record(Math.max(1, Math.round(took * 1e6)))
      if (took > SLOW_MS) total.slow++
      total.requests++
      if (allowed) {
        total.allowed++
        user.allowed++
      }
      user.most.ask(clock.reading - loadedAt)
      user.least.ask(clock.reading - loadedAt)
      await yieldToOthers()
    }
  }

  const progress = startProgress('stress', duration * 1000)
  const ticker = setInterval(() => {
    progress.update(performance.now() - start, `${total.requests.toLocaleString('en')} requests`)
  }, 100)
  await Promise.all(Array.from({ length: clients }, client))
  const durationMs = performance.now() - start
  clearInterval(ticker)
  progress.stop()

  const sum = (count: (user: (typeof watched)[number]) => number) => watched.reduce((all, user) => all + count(user), 0)
  const above = watched.filter((user) => user.allowed > user.most.admitted).map(({ id }) => id)
  const below = watched.filter((user) => user.allowed < user.least.admitted).map(({ id }) => id)
  const ms = (nanoseconds: number) => nanoseconds / 1e6
  return {
    durationMs,
    requests: total.requests,
    requestsPerSecond: (total.requests / durationMs) * 1000,
    allowed: total.allowed,
    denied: total.requests - total.allowed,
    latencyMs: {
      p50: ms(latencies.percentile(50)),
      p99: ms(latencies.percentile(99)),
      p999: ms(latencies.percentile(99.9)),
      max: ms(latencies.max),
    },
    slowDecisions: total.slow,
    slowNothings: total.slowNothings,
    permitted: { least: sum((user) => user.least.admitted), most: sum((user) => user.most.admitted) },
    usersAbove: above,
    usersBelow: below,
    passed: above.length === 0 && below.length === 0,
  }
}

/** How far a token count may be from the one worked out, for rounding. */
const NEAR = 1e-6

async function runBurst(rules: Rules): Promise<BurstReport> {
  const clock = watchedClock()
  using limiter = await loadWith(rules, clock.read)
  const { limit, capacity, refillPerSecond } = rules
  let idleSince = clock.reading
  let kept = 0
  /** Looks at the tokens, and works out from the time really idle what they should be. */
  const look = () => {
    const tokens = limiter.getBurstAllowance('burst_user')
    const expected = Math.min(capacity, kept + ((clock.reading - idleSince) / 1000) * refillPerSecond)
    return { tokens, expected, passed: Math.abs(tokens - expected) < NEAR }
  }
  const progress = startProgress('burst scenario', 8000)
  const start = performance.now()
  const ticker = setInterval(() => progress.update(performance.now() - start), 100)

  const atOnce = look()
  await sleep(3000)
  const afterThree = look()
  const requests = limit + 20
  let allowed = 0
  const firstAsk = performance.now()
  for (let request = 0; request < requests; request++) if (limiter.isAllowed('burst_user')) allowed++
  const burstTookMs = performance.now() - firstAsk
  idleSince = clock.reading
  const expectedAllowed = Math.min(requests, limit + Math.floor(afterThree.tokens))
  const left = limiter.getBurstAllowance('burst_user')
  kept = left
  await sleep(5000)
  const afterFive = look()
  clearInterval(ticker)
  progress.stop()
  // Requests spread over more than the pace of the limit are no burst, and may be admitted beyond it.
  const burstPassed = allowed === expectedAllowed || (allowed > expectedAllowed && burstTookMs > rules.windowMs / limit)
  return {
    atOnce,
    afterThree,
    burst: { requests, allowed, expectedAllowed, tookMs: burstTookMs, tokensLeft: left, passed: burstPassed },
    afterFive,
    passed: atOnce.passed && afterThree.passed && burstPassed && afterFive.passed,
  }
}
