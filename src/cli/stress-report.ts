/**
 * The report of `spillway stress`: its shape, which `--json` prints as it is, and its text.
 */
import { grouped } from './format.js'

export interface StressOptions {
  /** In seconds. */
  duration: number
  users: number
  clients: number
  limit: number
  /** In milliseconds. */
  window: number
  /** Tokens. */
  burst: number
}

export interface LoadReport {
  durationMs: number
  requests: number
  requestsPerSecond: number
  allowed: number
  denied: number
  /** Decision latency in milliseconds, clock reads included. */
  latencyMs: { p50: number; p99: number; p999: number; max: number }
  /** Decisions that took more than 2 ms. */
  slowDecisions: number
  /** How often nothing at all, between two readings of the clock, took more than 2 ms: the machine's own pauses. */
  slowNothings: number
  /** What the rules permit for these requests at these times. */
  permitted: { least: number; most: number }
  /** Users who were admitted more, or fewer times, than the rules permit. */
  usersAbove: string[]
  usersBelow: string[]
  passed: boolean
}

/** Tokens seen, and those that the time really idle earns. */
export interface TokenReport {
  tokens: number
  expected: number
  passed: boolean
}

export interface BurstReport {
  atOnce: TokenReport
  afterThree: TokenReport
  burst: {
    requests: number
    allowed: number
    expectedAllowed: number
    tookMs: number
    tokensLeft: number
    passed: boolean
  }
  afterFive: TokenReport
  passed: boolean
}

export interface StressReport {
  options: StressOptions
  load: LoadReport
  burst: BurstReport
  passed: boolean
}

/** The report for people. */
export function describeReport({ options, load, burst, passed }: StressReport): string {
  const { users, clients, limit, window, burst: capacity } = options
  const { p50, p99, p999, max } = load.latencyMs
  const asked = `${grouped(burst.burst.requests)} requests at once`
  return [
    `Spillway stress: ${grouped(users)} users, ${grouped(clients)} clients at once, ${grouped(limit)} requests in ` +
      `${grouped(window)} ms, up to ${grouped(capacity)} burst tokens`,
    '',
    row('Test duration', `${(load.durationMs / 1000).toFixed(2)} s`),
    row('Total requests', grouped(load.requests)),
    row('Requests a second', grouped(Math.round(load.requestsPerSecond))),
    row('Allowed', grouped(load.allowed)),
    row('Denied', grouped(load.denied)),
    row('Decision latency', `p50 ${time(p50)}, p99 ${time(p99)}, p99.9 ${time(p999)}, max ${time(max)}`),
    row(
      'Decisions over 2 ms',
      `${grouped(load.slowDecisions)} (with nothing to decide: ${grouped(load.slowNothings)})`,
    ),
    row('The rules permit', `${range(load.permitted)} of these requests at these times`),
    row('Verdict', loadVerdict(load)),
    '',
    'Burst scenario',
    row('Tokens of a new user', tokens(burst.atOnce)),
    row('The same after 3 s', tokens(burst.afterThree)),
    row(asked, `${grouped(burst.burst.allowed)} allowed${unless(burst.burst.passed, burst.burst.expectedAllowed)}`),
    row('Tokens left', burst.burst.tokensLeft.toFixed(1)),
    row('Tokens after 5 s idle', tokens(burst.afterFive)),
    '',
    passed ? 'PASSED' : 'FAILED',
    '',
  ].join('\n')
}

function row(label: string, value: string): string {
  return `  ${label.padEnd(24)} ${value}`
}

function loadVerdict({ usersAbove, usersBelow, passed }: LoadReport): string {
  if (passed) return 'passed: no user got more, none less'
  const some = (ids: string[]) => `${ids.length} (${ids.slice(0, 3).join(', ')}${ids.length > 3 ? ', …' : ''})`
  return `FAILED: users who got more ${some(usersAbove)}, less ${some(usersBelow)}`
}

function tokens({ tokens, expected, passed }: TokenReport): string {
  return tokens.toFixed(1) + unless(passed, expected)
}

function unless(passed: boolean, expected: number): string {
  return passed ? '' : `  FAILED: ${expected} expected`
}

function range({ least, most }: LoadReport['permitted']): string {
  return least === most ? grouped(least) : `${grouped(least)} to ${grouped(most)}`
}

function time(ms: number): string {
  return ms < 1 ? `${(ms * 1000).toFixed(1)} µs` : `${ms.toFixed(2)} ms`
}
