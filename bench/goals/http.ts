/** Goals of the benchmark over HTTP: what Spillway adds to a bare server, against what the host's usual limiter adds. */
import type { Read } from '../http/figures.js'
import { addedByBoth, cpuUs, latencyMs } from '../http/figures.js'
import type { Host, Traffic } from '../http/protocol.js'
import { HOSTS } from '../http/protocol.js'
import { RIVALS } from '../http/servers.js'
import type { Results } from '../results.js'
import { short } from '../tables/figures.js'
import type { Goal } from './goal.js'
import { judge, MILLION } from './goal.js'

export function httpGoals({ http }: Results): Goal[] {
  const clients = `${short(http?.plan.clients ?? MILLION)} clients`
  const goal = (host: Host, traffic: Traffic, what: string, read: Read, bound: number, unit: string): Goal => {
    const both = addedByBoth(http, host, traffic, read)
    const judged = judge(
      'http',
      `${host}, ${traffic === 'one' ? 'one client' : clients}: ${what} beyond the bare server's, against ${RIVALS[host]}`,
      `at most ${bound} of it`,
      both,
      ({ own, rival }) => own <= bound * rival,
      ({ own, rival }) => {
        const ratio = rival > 0 ? (own / rival).toFixed(2) : 'lost in noise'
        return `${own.toFixed(2)} against ${rival.toFixed(2)} ${unit} (${ratio})`
      },
    )
    // A limiter that seems to cost less than nothing is no measure for another.
    return both && both.rival <= 0 ? { ...judged, met: undefined } : judged
  }
  const p999 = latencyMs(0.999)
  return HOSTS.flatMap((host) => [
    goal(host, 'one', 'CPU time a request', cpuUs, 0.5, 'us'),
    goal(host, 'many', 'CPU time a request', cpuUs, 0.2, 'us'),
    goal(host, 'one', 'p99.9', p999, 0.5, 'ms'),
    goal(host, 'many', 'p99.9', p999, 0.5, 'ms'),
  ])
}
