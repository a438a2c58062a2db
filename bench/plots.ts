/**
 * The plots, as SVG without fonts, scripts or files of others, readable on light and on dark pages.
 */

import { medianNs } from './goals/throughput.js'
import type { HistogramData } from './histogram.js'
import { quantile } from './histogram.js'
import type { Results, SimulationResults, TailResults, ThroughputResults } from './results.js'
import { SUBJECTS, subjectNamed } from './subjects/index.js'
import type { IdUse } from './tasks/throughput.js'

const WIDTH = 760
const STYLE = `<style>
text { font: 12px system-ui, sans-serif; fill: #333 }
.title { font-size: 15px; font-weight: 600 }
.quiet { fill: #777 }
.grid { stroke: #ddd }
.own { fill: #0a7d5a }
.other { fill: #9aa5b1 }
.floor { fill: #d0d5da }
.line { fill: none; stroke-width: 1.6 }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd } .quiet { fill: #999 } .grid { stroke: #3a3f45 } .own { fill: #2fae84 } .floor { fill: #50565d }
}
</style>`

/** Plots by file name, of what was measured. */
export function plots({ throughput, tail, simulation }: Results): Map<string, string> {
  const drawn = new Map<string, string>()
  if (throughput) drawn.set('throughput.svg', throughputPlot(throughput))
  if (tail) drawn.set('tail.svg', tailPlot(tail))
  if (simulation) drawn.set('fleet.svg', fleetPlot(simulation))
  return drawn
}

/** Times of a decision at the largest population that was measured of most, as bars for reused and for fresh ids. */
function throughputPlot({ cells }: ThroughputResults): string {
  const users = cells.some((cell) => cell.users === 1_000_000) ? 1_000_000 : (cells[0]?.users ?? 0)
  const time = (name: string, ids: IdUse) => medianNs(cells, name, users, 'uniform', ids)
  const rows = SUBJECTS.filter(({ group, name }) => group !== 'floor' || name === 'null')
    .map(({ name, label, group }) => ({ label, group, reused: time(name, 'reused'), fresh: time(name, 'fresh') }))
    .flatMap(({ reused, fresh, ...row }) => (reused && fresh ? [{ ...row, reused, fresh }] : []))
    .sort((a, b) => a.fresh - b.fresh)
  const left = 240
  const rowHeight = 30
  const top = 64
  const height = top + rows.length * rowHeight + 16
  const most = Math.max(1, ...rows.flatMap(({ reused, fresh }) => [reused, fresh]))
  const length = (ns: number) => ((WIDTH - left - 70) * ns) / most
  const bars = rows.map(({ label, group, reused, fresh }, index) => {
    const y = top + index * rowHeight
    const kind = group === 'spillway' ? 'own' : group === 'floor' ? 'floor' : 'other'
    const bar = (ns: number, at: number, opacity: number) =>
      `<rect class="${kind}" fill-opacity="${opacity}" x="${left}" y="${y + at}" width="${length(ns).toFixed(1)}" height="11"/>` +
      `<text x="${(left + length(ns) + 6).toFixed(1)}" y="${y + at + 10}">${ns.toFixed(0)}</text>`
    return `<text x="${left - 10}" y="${y + 16}" text-anchor="end">${escaped(plain(label))}</text>${bar(fresh, 0, 1)}${bar(reused, 12, 0.55)}`
  })
  return svg(height, [
    `<text class="title" x="16" y="24">Nanoseconds a decision, ${users.toLocaleString('en')} users, clock read included</text>`,
    '<text class="quiet" x="16" y="44">Upper bar: ids fresh from a request. Lower bar: the same string objects again. Shorter is better.</text>',
    ...bars,
  ])
}

/** The subjects drawn, and their colours, which can be told apart on light and on dark. */
const CURVES: Readonly<Record<string, string>> = {
  spillway: '#12936a',
  'map-slots': '#8a63d2',
  'map-fixed': '#cf5f1d',
  'rate-limiter-flexible': '#3f83c9',
  'express-rate-limit': '#b08900',
  null: '#8b939c',
  empty: '#b4bac1',
}

/** Latency by percentile while users arrive, both on logarithmic scales. */
function tailPlot({ subjects, users }: TailResults): string {
  const height = 420
  const [left, right, top, bottom] = [70, 190, 64, 48]
  const [leastUs, mostUs] = [0.05, 1_000_000]
  const nines = 6
  const x = (exceeded: number) => left + ((WIDTH - left - right) * -Math.log10(exceeded)) / nines
  const y = (us: number) => {
    const share = Math.log(Math.max(us, leastUs) / leastUs) / Math.log(mostUs / leastUs)
    return height - bottom - (height - top - bottom) * share
  }
  const drawn = Object.keys(CURVES).flatMap((name) => subjects.filter(({ subject }) => subject === name))
  const ends = spreadLabels(drawn.map(({ growing }) => y(quantile(growing.decisions, 1 - 10 ** -nines) * 1000)))
  const curves = drawn.map(({ subject, growing }, index) => {
    const { label, group } = subjectNamed(subject)
    const points = curve(growing.decisions, nines).map(([over, us]) => `${x(over).toFixed(1)},${y(us).toFixed(1)}`)
    const dash = group === 'floor' ? ' stroke-dasharray="4 3"' : ''
    const at = `x="${WIDTH - right + 8}" y="${(ends[index]! + 4).toFixed(1)}"`
    return (
      `<polyline class="line" stroke="${CURVES[subject]}"${dash} points="${points.join(' ')}"/>` +
      `<text style="fill: ${CURVES[subject]}" ${at}>${escaped(plain(label))}</text>`
    )
  })
  const rules = [0.1, 1, 10, 100, 1000, 10_000, 100_000, 1_000_000].map(
    (us) =>
      `<line class="grid" x1="${left}" x2="${WIDTH - right}" y1="${y(us)}" y2="${y(us)}"/>` +
      `<text class="quiet" x="${left - 8}" y="${y(us) + 4}" text-anchor="end">${us < 1000 ? `${us} us` : `${us / 1000} ms`}</text>`,
  )
  const bound = `<line x1="${left}" x2="${WIDTH - right}" y1="${y(2000)}" y2="${y(2000)}" stroke="#c0392b" stroke-dasharray="4 3"/><text x="${left + 6}" y="${y(2000) - 5}">2 ms</text>`
  const marks = ['0', '90 %', '99 %', '99.9 %', '99.99 %', '99.999 %', '99.9999 %'].map(
    (text, power) =>
      `<text class="quiet" x="${x(10 ** -power)}" y="${height - bottom + 18}" text-anchor="middle">${text}</text>`,
  )
  return svg(height, [
    `<text class="title" x="16" y="24">Time of single decisions while ${users.toLocaleString('en')} users arrive</text>`,
    '<text class="quiet" x="16" y="44">Share of decisions that took no longer. Both axes are logarithmic; lower is better.</text>',
    ...rules,
    bound,
    ...marks,
    ...curves,
  ])
}

function curve(histogram: HistogramData, nines: number): [exceeded: number, us: number][] {
  const steps = 20 * nines
  return Array.from({ length: steps + 1 }, (_, step) => {
    const exceeded = 10 ** ((-nines * step) / steps)
    return [exceeded, quantile(histogram, 1 - exceeded) * 1000]
  })
}

/** A simulated fleet: what each allowance costs in calls to the store, and what it lets pass. */
function fleetPlot({ plan, cells }: SimulationResults): string {
  const [left, top, rowHeight, gap] = [90, 84, 30, 60]
  const width = (WIDTH - left - gap - 2 * 60) / 2
  const height = top + cells.length * rowHeight + 16
  const panel = (
    x: number,
    read: (cell: SimulationResults['cells'][number]) => number,
    word: (value: number) => string,
  ) => {
    const most = Math.max(1, ...cells.map(read))
    return cells.map((cell, index) => {
      const length = (width * read(cell)) / most
      const y = top + index * rowHeight
      return (
        `<rect class="own" x="${x}" y="${y}" width="${length.toFixed(1)}" height="16"/>` +
        `<text x="${(x + length + 6).toFixed(1)}" y="${y + 13}">${word(read(cell))}</text>`
      )
    })
  }
  const labels = cells.map(
    ({ allowance }, index) =>
      `<text x="${left - 10}" y="${top + index * rowHeight + 13}" text-anchor="end">${allowance}</text>`,
  )
  const second = left + width + 60 + gap
  return svg(height, [
    `<text class="title" x="16" y="24">${plan.processes.toLocaleString('en')} processes, ${plan.users.toLocaleString('en')} users, ${plan.rate.toLocaleString('en')} requests a second, limit 50</text>`,
    '<text class="quiet" x="16" y="44">By allowance. Less is better in both.</text>',
    `<text x="${left}" y="70">Calls to the store a second</text><text x="${second}" y="70">Most admitted of any user in any second</text>`,
    ...labels,
    ...panel(
      left,
      ({ callsPerSecond }) => callsPerSecond,
      (value) => Math.round(value).toLocaleString('en'),
    ),
    ...panel(second, ({ worst }) => worst, String),
  ])
}

/** Moves labels apart that would lie on each other. */
function spreadLabels(wanted: readonly number[]): number[] {
  const apart = 15
  const order = wanted.map((y, index) => ({ y, index })).sort((a, b) => b.y - a.y)
  const placed = [...wanted]
  let last = Number.POSITIVE_INFINITY
  for (const { y, index } of order) {
    last = Math.min(y, last - apart)
    placed[index] = last
  }
  return placed
}

function plain(label: string): string {
  return label.replaceAll('`', '')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

function svg(height: number, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    STYLE,
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}
