/** Tables of the tail suite. */
import { quantile } from '../histogram.js'
import { table } from '../markdown.js'
import type { Results } from '../results.js'
import { subjectNamed } from '../subjects/index.js'
import { microseconds } from './figures.js'

export function tailTable(results: Results['tail'], phase: 'growing' | 'sweeping' | 'again'): string {
  const rows = (results?.subjects ?? []).map((subject) => {
    const { decisions, turns, waited } = subject[phase]
    return [
      subjectNamed(subject.subject).label,
      ...[0.5, 0.99, 0.999, 0.9999, 0.99999].map((share) => microseconds(quantile(decisions, share))),
      microseconds(decisions.maxMs),
      String(decisions.overBound),
      waited === undefined ? '' : String(waited),
      microseconds(turns.maxMs),
      String(turns.overBound),
    ]
  })
  const head = [
    'us',
    'p50',
    'p99',
    'p99.9',
    'p99.99',
    'p99.999',
    'max',
    'over 2 ms',
    'of which waited',
    'longest turn',
    'turns over 2 ms',
  ]
  return table(head, rows)
}
