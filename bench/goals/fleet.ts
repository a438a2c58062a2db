/** Goals of the benchmark of limiters that many processes share. */
import { LIMIT } from '../fleet/protocol.js'
import type { FleetCell } from '../fleet/suite.js'
import type { Results } from '../results.js'
import { spreadOf } from '../stats.js'
import { clientCpuUs } from '../tables/fleet.js'
import type { Goal } from './goal.js'
import { judge } from './goal.js'

/** Where windows are fixed or merely smoothed, about twice the limit passes. */
const OTHERS_LET_PASS = 98
const BYTES_RATIO = 1.7
const SYNCHRONOUS_RATIO = 1.5
const CALLS = 0.05

export function fleetGoals({ fleet }: Results): Goal[] {
  const own = fleet?.cells.find(({ subject }) => subject === 'spillway')
  const ownSync = fleet?.cells.find(({ subject }) => subject === 'spillway-sync')
  const rivals = fleet?.cells.filter(({ subject }) => !subject.startsWith('spillway')) ?? []
  const beside = (read: (cell: FleetCell) => number | undefined) => {
    const value = own && read(own)
    const best = Math.min(...rivals.map((cell) => read(cell) ?? Number.POSITIVE_INFINITY))
    return value === undefined || best === Number.POSITIVE_INFINITY ? undefined : { value, best }
  }
  const calls = ownSync?.replay && ownSync.replay.scripts / ownSync.replay.requests
  return [
    judge(
      'fleet',
      'Fleet: most admitted in any second by the server, of one user at four processes',
      `${LIMIT}, and ${OTHERS_LET_PASS} or more by all others`,
      beside(({ worst }) => worst?.most),
      ({ value, best }) => value === LIMIT && best >= OTHERS_LET_PASS,
      ({ value, best }) => `${value}, and ${best} by the best of the others`,
    ),
    judge(
      'fleet',
      'Fleet: client CPU of `check`, against the best of the others',
      'at most as much',
      beside(({ rounds }) => (rounds.length > 0 ? spreadOf(rounds.map(clientCpuUs)).median : undefined)),
      ({ value, best }) => value <= best,
      ({ value, best }) => `${value.toFixed(1)} us against ${best.toFixed(1)} us`,
    ),
    judge(
      'fleet',
      'Fleet: bytes of a user with one request, against the leanest',
      `at most ${BYTES_RATIO}`,
      beside(({ weights }) => weights.find(({ requests }) => requests === 1)?.bytes),
      ({ value, best }) => value <= BYTES_RATIO * best,
      ({ value, best }) => `${(value / best).toFixed(2)} (${value.toFixed(0)} against ${best.toFixed(0)})`,
    ),
    judge(
      'fleet',
      'Fleet: a synchronous decision, against the in-process limiter',
      `at most ${SYNCHRONOUS_RATIO}`,
      ownSync?.synchronous,
      ({ fleetNs, limiterNs }) => fleetNs <= SYNCHRONOUS_RATIO * limiterNs,
      ({ fleetNs, limiterNs }) =>
        `${(fleetNs / limiterNs).toFixed(2)} (${fleetNs.toFixed(0)} ns against ${limiterNs.toFixed(0)} ns)`,
    ),
    judge(
      'fleet',
      'Fleet: calls to the store a synchronous decision, Zipf, 1 % of the users above the limit',
      `at most ${CALLS}`,
      calls,
      (measured) => measured <= CALLS,
      (measured) => measured.toFixed(3),
    ),
  ]
}
