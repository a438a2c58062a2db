/** Tables of the memory suite. */
import { table } from '../markdown.js'
import type { MemoryResults } from '../results.js'
import { subjectNamed } from '../subjects/index.js'
import { MB, short } from './figures.js'

export function memoryTable(results: MemoryResults | undefined): string {
  const runs = results?.runs ?? []
  const names = [...new Set(runs.map(({ setup }) => setup.subject))]
  const loads = [...new Set(runs.map(({ setup }) => setup.requests))].sort((a, b) => a - b)
  const rows = names.map((name) => {
    const ofLoad = (requests: number) =>
      runs.find(({ setup }) => setup.subject === name && setup.requests === requests)?.result
    const resident = loads.map((requests) => {
      const result = ofLoad(requests)
      return result ? perUser(result.full.rss - result.before.rss, results) : ''
    })
    const once = ofLoad(1)
    return [
      subjectNamed(name).label,
      ...resident,
      once ? perUser(once.full.heap - once.before.heap, results) : '',
      once?.full.accounted === undefined ? '' : perUser(once.full.accounted, results),
    ]
  })
  return table(
    [
      `bytes a user, ${short(results?.users ?? 0)} users`,
      ...loads.map((requests) => `resident, ${requests} each`),
      'heap, 1 each',
      'accounted, 1 each',
    ],
    rows,
  )
}

export function perUser(bytes: number, results: MemoryResults | undefined): string {
  return (bytes / (results?.users ?? 1)).toFixed(0)
}

export function wavesTable(results: MemoryResults | undefined): string {
  const rows = (results?.runs ?? []).flatMap(({ setup, result }) => {
    if (!result.stale) return []
    const stages = [result.full, result.stale, result.secondWave, result.staleAgain]
    return [
      [
        `${subjectNamed(setup.subject).label}, ${setup.requests} each`,
        ...stages.map((stage) => {
          if (!stage) return ''
          const resident = ((stage.rss - result.before.rss) / MB).toFixed(0)
          return stage.accounted === undefined ? resident : `${resident} (${(stage.accounted / MB).toFixed(0)})`
        }),
      ],
    ]
  })
  const head = ['MB beyond before: resident (accounted)', 'all there', 'gone stale', 'second wave', 'stale again']
  return table(head, rows)
}

export function floodTable(results: MemoryResults | undefined): string {
  const rows = (results?.floods ?? []).map(({ setup, result }) => [
    `${subjectNamed(setup.subject).label}, ${short(setup.ids)} ids`,
    ((result.peakRss - result.before.rss) / MB).toFixed(0),
    ((result.after.rss - result.before.rss) / MB).toFixed(0),
    result.after.accounted === undefined ? '' : (result.after.accounted / MB).toFixed(0),
    result.after.users === undefined ? '' : String(result.after.users),
    result.nsPerDecision.toFixed(0),
  ])
  return table(['at most 1M users', 'MB at peak', 'MB after', 'accounted MB', 'users kept', 'ns a decision'], rows)
}
