/** The tables of limiters that many processes share. */

import { LIMIT } from '../fleet/protocol.js'
import { FLEET_SUBJECTS } from '../fleet/subjects.js'
import type { FleetCell, FleetRound } from '../fleet/suite.js'
import { quantile } from '../histogram.js'
import { table } from '../markdown.js'
import type { FleetResults, SimulationResults } from '../results.js'
import { microseconds, withSpread } from './figures.js'

/** What a decision costs. */
export function fleetTable(results: FleetResults | undefined): string {
  const rows = (results?.cells ?? []).map(({ subject, rounds, latency }) => {
    const spread = (read: (round: FleetRound) => number, digits: number) =>
      rounds.length > 0 ? withSpread(rounds.map(read), digits) : ''
    const at = (share: number) => (latency ? microseconds(quantile(latency, share)) : '')
    return [
      labelOf(subject),
      spread(({ decisions, seconds }) => decisions / seconds, 0),
      spread(clientCpuUs, 1),
      spread(({ serverCpuMs, decisions }) => (serverCpuMs * 1000) / decisions, 1),
      spread(({ scripts, decisions }) => scripts / decisions, 2),
      at(0.5),
      at(0.99),
      at(0.999),
    ]
  })
  const head = ['', 'decisions a second', 'client CPU us', 'server CPU us', 'calls', 'p50 us', 'p99 us', 'p99.9 us']
  return table(head, rows)
}

/** What it keeps, and what it lets pass. */
export function fleetKeepingTable(results: FleetResults | undefined): string {
  const rows = (results?.cells ?? []).map(({ subject, weights, worst, replay }) => {
    const weight = (requests: number) => weights.find((weighed) => weighed.requests === requests)
    return [
      labelOf(subject),
      ...[1, 50].flatMap((requests) => {
        const found = weight(requests)
        return found ? [found.bytes.toFixed(0), found.usage.toFixed(0)] : ['', '']
      }),
      worst ? String(worst.most) : '',
      replay ? (replay.scripts / replay.requests).toFixed(3) : '',
      replay ? `${((100 * replay.admitted) / replay.requests).toFixed(1)} %` : '',
    ]
  })
  const head = [
    '',
    'bytes a user, 1 request',
    '`MEMORY USAGE`',
    'bytes a user, 50 requests',
    '`MEMORY USAGE`',
    'most in 1 s, limit 50',
    'calls a request',
    'admitted',
  ]
  return table(head, rows)
}

/** Synchronous decisions beside the in-process limiter's. */
export function fleetSynchronousTable(results: FleetResults | undefined): string {
  const found = results?.cells.find(({ synchronous }) => synchronous)?.synchronous
  if (!found) return '(nothing was measured)'
  const { fleetNs, limiterNs } = found
  const rows = [
    ['`createLimiter`, `isAllowed`', limiterNs.toFixed(0), '1'],
    ['`loadFleetLimiter`, `isAllowed`', fleetNs.toFixed(0), (fleetNs / limiterNs).toFixed(2)],
  ]
  return table(['', 'ns', 'ratio'], rows)
}

/** Microseconds of the client's CPU time for a decision. */
export function clientCpuUs({ clientCpuMs, decisions }: FleetRound): number {
  return (clientCpuMs * 1000) / decisions
}

function labelOf(subject: FleetCell['subject']): string {
  const { label, use } = FLEET_SUBJECTS[subject]
  return `${label}, ${use}`
}

/** A fleet on virtual time, by allowance. */
export function fleetSimulationTable(results: SimulationResults | undefined): string {
  const processes = results?.plan.processes ?? 0
  return table(
    [
      'allowance',
      'calls a second',
      'calls a request',
      'most in any second: median',
      'worst',
      'bound',
      'legitimate denied',
      'admitted, of what an exact limit admits',
    ],
    (results?.cells ?? []).map((cell) => [
      String(cell.allowance),
      cell.callsPerSecond.toFixed(0),
      cell.callsPerRequest.toFixed(3),
      String(cell.medianWorst),
      String(cell.worst),
      String(LIMIT + processes * cell.allowance),
      `${(100 * cell.legitimateDenied).toFixed(4)} %`,
      cell.admittedOfExact.toFixed(2),
    ]),
  )
}
