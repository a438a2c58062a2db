/** The table of the exactness suite. */
import { table } from '../markdown.js'
import type { Results } from '../results.js'
import { subjectNamed } from '../subjects/index.js'

export function exactnessTable(results: Results['exactness']): string {
  const rows = (results?.subjects ?? []).map(({ subject, burst, worst, traffic, hammered }) => [
    subjectNamed(subject).label,
    subjectNamed(subject).hasTokens ? (burst ? 'on' : 'off') : 'has none',
    String(worst),
    traffic,
    String(hammered),
  ])
  return table(
    [
      'limit 50 a second',
      'burst tokens',
      'most admitted in any second',
      'by traffic',
      'of 500 permitted in 10 s, at 1,000 a second',
    ],
    rows,
    2,
  )
}
