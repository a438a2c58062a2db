/**
 * The report of `spillway stress`: its shape, which `--json` prints as it is, and its text.
 */
import { grouped, wrapped } from '../terminal/format.js'
import type { BurstReport, TokenReport } from './burst.js'
import type { Judgement, WrongDecision } from './judge.js'
import type { LoadOptions, LoadReport } from './load.js'
import { SLOW_MS } from './load.js'

export interface StressOptions extends LoadOptions {
  readonly limit: number
  /** In milliseconds. */
  readonly window: number
  readonly burst: number
  readonly refill: number
}

export interface StressReport {
  readonly options: StressOptions
  /** Whether the run was ended early. */
  readonly interrupted: boolean
  readonly load: LoadReport
  readonly burst: BurstReport
  readonly passed: boolean
}

/** Where values begin. */
const VALUE_COLUMN = 25

/** What is going to run, for people: the first lines of the report. */
export function describeOptions({ users, clients, limit, window, burst, refill }: StressOptions): string {
  const tokens = burst > 0 ? `up to ${count(burst, 'burst token')}, ${grouped(refill)} a second` : 'no burst tokens'
  const who = `${count(users, 'user')}, ${count(clients, 'client')} at once`
  return wrapped(
    `Spillway stress: ${who}, ${count(limit, 'request')} in any ${grouped(window)} ms, ${tokens}`,
    '',
  ).join('\n')
}

/** What was seen, for people: the rest of the report. */
export function describeResults({ interrupted, load, burst, passed }: StressReport): string {
  const verdict = passed ? 'PASSED' : 'FAILED'
  return [
    '',
    ...describeLoad(load),
    '',
    'The machine meanwhile',
    ...describeMachine(load),
    '',
    'Burst scenario',
    ...describeBurst(burst),
    '',
    interrupted ? `INTERRUPTED. Until then: ${verdict}` : verdict,
    '',
  ].join('\n')
}

function describeLoad(load: LoadReport): string[] {
  const { p50, p99, p999, max } = load.latencyMs
  const tokens = load.fromBurst > 0 ? `, ${grouped(load.fromBurst)} of them by burst tokens` : ''
  return [
    ...row('Duration', `${(load.durationMs / 1000).toFixed(2)} s`),
    ...row('Requests', `${grouped(load.requests)}, ${grouped(Math.round(load.requestsPerSecond))} a second`),
    ...row('Allowed', grouped(load.allowed) + tokens),
    ...row('Denied', grouped(load.denied)),
    ...row('Wrong decisions', wrong(load)),
    ...load.firstWrong.flatMap(describeWrong),
    ...row('Time of a decision', `p50 ${time(p50)}, p99 ${time(p99)}, p99.9 ${time(p999)}, max ${time(max)}`),
    ...row(`Decisions above ${SLOW_MS} ms`, slow(load)),
  ]
}

function slow({ slowDecisions, slowDecisionsUnexplained }: LoadReport): string {
  if (slowDecisions === 0) return 'none'
  const own = slowDecisionsUnexplained
  const all = grouped(slowDecisions)
  if (own === 0) return `${all}, ${slowDecisions === 1 ? 'held up' : 'all held up'} by the machine (below)`
  const rest = `${grouped(own)} for no cause seen here (hosts also pause virtual machines)`
  return own === slowDecisions
    ? rest
    : `${all}: ${grouped(slowDecisions - own)} held up by the machine (below), ${rest}`
}

function describeMachine({ machine: { collections, waitedMs }, durationMs }: LoadReport): string[] {
  const { count, totalMs, longestMs } = collections
  const collected = `${grouped(count)}, ${ms(totalMs)} in all, longest ${ms(longestMs)}`
  const waited = waitedMs === null ? 'not known on this platform' : `${ms(waitedMs)} of ${ms(durationMs)}`
  return [...row('Garbage collections', count === 0 ? 'none' : collected), ...row('Wait for a processor', waited)]
}

function describeBurst({ atOnce, afterThree, burst, left, afterFive }: BurstReport): string[] {
  const rows: string[] = []
  if (atOnce) rows.push(...row('Tokens of a new user', tokens(atOnce)))
  if (afterThree) rows.push(...row('The same after 3 s', tokens(afterThree)))
  if (burst) {
    const what = burst.places === burst.requests ? 'requests' : 'places'
    const allowed = `${grouped(burst.allowed)} allowed, ${grouped(burst.fromBurst)} of them by burst tokens`
    rows.push(
      ...row(`${grouped(burst.places)} ${what} at once`, burst.passed ? allowed : `${allowed}; ${wrong(burst)}`),
    )
    rows.push(...burst.firstWrong.flatMap(describeWrong))
  }
  if (left) rows.push(...row('Tokens left', tokens(left)))
  if (afterFive) rows.push(...row('Tokens after 5 s idle', tokens(afterFive)))
  return rows.length > 0 ? rows : ['  Not run']
}

function wrong({ tooMuch, tooLittle }: Judgement): string {
  if (tooMuch + tooLittle === 0) return 'none'
  return `FAILED: ${grouped(tooMuch)} gave more than the rules permit, ${grouped(tooLittle)} less`
}

function describeWrong({ user, timeMs, allowed, cost, fromBurst, freePlaces, tokens }: WrongDecision): string[] {
  const { least, most } = freePlaces
  const free = least === most ? grouped(most) : `${grouped(least)} to ${grouped(most)}`
  const did = allowed ? `allowed, ${grouped(fromBurst)} by tokens` : 'denied'
  const there = `there were ${free} free places, ${tokens} tokens`
  return wrapped(`${user} at ${timeMs} ms, ${count(cost, 'place')}: ${did}; ${there}`, '    ')
}

function tokens({ tokens, expected, passed }: TokenReport): string {
  return tokens.toFixed(1) + (passed ? '' : `  FAILED: ${expected} expected`)
}

/** A label, and beside it a value, in as many lines as it takes. */
function row(label: string, value: string): string[] {
  const head = `  ${label}`
  const [first, ...rest] = wrapped(value, ' '.repeat(VALUE_COLUMN))
  return head.length < VALUE_COLUMN
    ? [head.padEnd(VALUE_COLUMN) + first!.trimStart(), ...rest]
    : [head, first!, ...rest]
}

function count(number: number, noun: string): string {
  return `${grouped(number)} ${noun}${number === 1 ? '' : 's'}`
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`
}

function time(value: number): string {
  return value < 1 ? `${(value * 1000).toFixed(1)} µs` : `${value.toFixed(2)} ms`
}
