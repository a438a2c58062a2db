/** Figures of a server, a round each, and how far they lie from the bare server's of the same round. */
import { quantile } from '../histogram.js'
import type { HttpResults } from '../results.js'
import { spreadOf } from '../stats.js'
import type { Host, LimiterKind, Traffic } from './protocol.js'
import type { HttpCell, HttpRound } from './suite.js'

export type Read = (round: HttpRound) => number

export const perSecond: Read = ({ requests, seconds }) => requests / seconds
/** Microseconds of the server's CPU time. */
export const cpuUs: Read = ({ cpuMs, requests }) => (cpuMs * 1000) / requests

export function latencyMs(share: number): Read {
  return ({ latency }) => quantile(latency, share)
}

function cellOf(
  results: HttpResults | undefined,
  host: Host,
  limiter: LimiterKind,
  traffic: Traffic,
): HttpCell | undefined {
  const of = (cell: HttpCell) => cell.host === host && cell.limiter === limiter && cell.traffic === traffic
  return results?.cells.find(of)
}

/** By how much a figure is above the bare server's, round by round: what changes from round to round is in both. */
export function added(results: HttpResults | undefined, cell: HttpCell, read: Read): number[] | undefined {
  const bare = cellOf(results, cell.host, 'none', cell.traffic)
  return bare && cell.rounds.map((round, index) => read(round) - read(bare.rounds[index]!))
}

/** What a host's limiter adds, and what Spillway does: the medians of the rounds. */
export function addedByBoth(
  results: HttpResults | undefined,
  host: Host,
  traffic: Traffic,
  read: Read,
): { readonly own: number; readonly rival: number } | undefined {
  const median = (limiter: LimiterKind) => {
    const cell = cellOf(results, host, limiter, traffic)
    const values = cell && added(results, cell, read)
    return values && spreadOf(values).median
  }
  const [own, rival] = [median('spillway'), median('own')]
  return own === undefined || rival === undefined ? undefined : { own, rival }
}
