/** Tables of the benchmark over HTTP. */
import { added, cpuUs, latencyMs, perSecond } from '../http/figures.js'
import type { Traffic } from '../http/protocol.js'
import { labelOf } from '../http/servers.js'
import { table } from '../markdown.js'
import type { HttpResults } from '../results.js'
import { MB, short, withSpread } from './figures.js'

export function httpTable(results: HttpResults | undefined, traffic: Traffic): string {
  const cells = results?.cells.filter((cell) => cell.traffic === traffic) ?? []
  const rows = cells.map((cell) => {
    const { host, limiter, rounds } = cell
    const addedUs = limiter === 'none' ? undefined : added(results, cell, cpuUs)
    return [
      labelOf(host, limiter),
      withSpread(rounds.map(cpuUs), 1),
      addedUs ? withSpread(addedUs, 1) : '',
      withSpread(rounds.map(perSecond)),
      ...[0.5, 0.99, 0.999].map((share) => withSpread(rounds.map(latencyMs(share)), 2)),
      (rounds.at(-1)!.rssBytes / MB).toFixed(0),
    ]
  })
  const who = traffic === 'one' ? 'one client' : `${short(results?.plan.clients ?? 0)} clients`
  return table([who, 'CPU us', 'added', 'requests a second', 'p50 ms', 'p99 ms', 'p99.9 ms', 'MB'], rows)
}
