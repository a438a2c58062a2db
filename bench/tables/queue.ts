/** The table of queues. */
import { table } from '../markdown.js'
import { LIMIT, TRAFFICS } from '../queue/protocol.js'
import { QUEUE_SUBJECTS } from '../queue/subjects.js'
import type { QueueResults } from '../results.js'
import { short, withSpread } from './figures.js'

export function queueTable(results: QueueResults | undefined): string {
  const traffics = Object.keys(TRAFFICS) as (keyof typeof TRAFFICS)[]
  const rows = (results?.cells ?? []).map(({ subject, idleNs, most, waiting }) => [
    `${QUEUE_SUBJECTS[subject].label}, ${QUEUE_SUBJECTS[subject].use}`,
    ...traffics.map((traffic) => `${most[traffic] ?? ''}`),
    idleNs.length > 0 ? withSpread(idleNs) : '',
    waiting ? waiting.ns.toFixed(0) : '',
    waiting ? waiting.bytes.toFixed(0) : '',
  ])
  const count = short(results?.waiting ?? 0)
  const head = traffics.map((traffic) => `most starts in a window, limit ${LIMIT}: ${traffic}`)
  return table(['', ...head, 'ns, nobody waiting', `ns, ${count} waiting`, 'bytes a waiter'], rows)
}
