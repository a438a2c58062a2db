/** One chart on the common time axis: what all of them share, over uPlot. */
import uPlot from 'uplot'
import type { Colour } from './palette.js'
import { colour } from './palette.js'
import { edge } from './words.js'

interface PanelOptions {
  readonly height: number
  /** Room below for the labels of the time axis. */
  readonly timeLabels?: boolean
  readonly series?: uPlot.Series[]
  range(): [number, number]
  splits(): number[]
  values?(splits: number[]): string[]
  /** Whether the vertical axis has lines across the chart. */
  readonly lines?: boolean
  /** Draws over the chart, in pixels of the canvas. */
  draw?(u: uPlot): void
}

/** Width of the vertical axis, the same in all panels, so that their times lie above each other. */
const AXIS = 78
const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif'

export class Panel {
  readonly element: HTMLElement
  readonly #plot: uPlot
  #span: [number, number] = [0, 1]
  #windowMs = 1000

  constructor(element: HTMLElement, options: PanelOptions) {
    this.element = element
    const labels = options.timeLabels ? 26 : 8
    const { height, lines = true, draw, values } = options
    this.#plot = new uPlot(
      {
        width: Math.max(200, element.clientWidth),
        height: height + labels + 6,
        padding: [6, 10, 0, 0],
        legend: { show: false },
        cursor: { show: false },
        scales: {
          x: { time: false, range: () => this.#span },
          y: { range: () => options.range() },
        },
        axes: [
          {
            size: labels,
            font: FONT,
            stroke: () => colour('muted'),
            gap: 4,
            grid: { stroke: () => colour('line'), width: 1 },
            ticks: { show: false },
            splits: () => this.#edges(),
            values: (_, splits) =>
              splits.map((time) => (options.timeLabels && this.#fits(time) ? edge(time, this.#windowMs) : '')),
          },
          {
            size: AXIS,
            font: FONT,
            stroke: () => colour('muted'),
            gap: 8,
            grid: { show: lines, stroke: () => colour('line'), width: 1 },
            ticks: { show: false },
            splits: () => options.splits(),
            values: (_, splits) => values?.(splits) ?? splits.map(String),
          },
        ],
        series: [{}, ...(options.series ?? [])],
        hooks: draw ? { draw: [draw] } : {},
      },
      [[]],
      element,
    )
    new ResizeObserver(() => this.#fit(height + labels + 6)).observe(element)
  }

  /** Draws the time from `from` to `to`. */
  show(from: number, to: number, windowMs: number, data: uPlot.AlignedData = [[from, to]]): void {
    this.#span = [from, to]
    this.#windowMs = windowMs
    this.#plot.setData(data)
  }

  /** The edges of fixed windows, which are the lines of the time axis. */
  #edges(): number[] {
    const [from, to] = this.#span
    const edges: number[] = []
    for (
      let edge = Math.max(0, Math.ceil(from / this.#windowMs)) * this.#windowMs;
      edge <= to;
      edge += this.#windowMs
    ) {
      edges.push(edge)
    }
    return edges
  }

  /** Whether the label of a time is not cut off at the right. */
  #fits(time: number): boolean {
    const [from, to] = this.#span
    return ((to - time) / (to - from)) * (this.#plot?.width ?? 0) > 8
  }

  #fit(height: number): void {
    const width = this.element.clientWidth
    if (width > 0 && width !== this.#plot.width) this.#plot.setSize({ width, height })
  }
}

/** Windows on the time axis where there is room for so many, and on a phone. */
const WIDE_WINDOWS = 4
const NARROW_WINDOWS = 2.5
const NARROW = 560

/** How many windows a chart in an element shows. */
export function windowsIn(element: HTMLElement): number {
  return element.clientWidth < NARROW ? NARROW_WINDOWS : WIDE_WINDOWS
}

/** A line across the chart. */
export function rule(u: uPlot, value: number, name: Colour, dash: readonly number[] = []): void {
  const { ctx, bbox } = u
  const y = Math.round(u.valToPos(value, 'y', true)) + 0.5
  ctx.save()
  ctx.strokeStyle = colour(name)
  ctx.lineWidth = devicePixelRatio
  ctx.setLineDash(dash.map((length) => length * devicePixelRatio))
  ctx.beginPath()
  ctx.moveTo(bbox.left, y)
  ctx.lineTo(bbox.left + bbox.width, y)
  ctx.stroke()
  ctx.restore()
}

/** Zero, a number, and its multiples. */
export function multiples(of: number, upTo: number): number[] {
  return Array.from({ length: Math.floor(upTo / of) + 1 }, (_, index) => index * of)
}

/** A stepped line, and the area below it if it has a fill. */
export function stepped(stroke: Colour, look: { fill?: Colour; dash?: number[]; width?: number } = {}): uPlot.Series {
  const paths = uPlot.paths.stepped?.({ align: 1 })
  const { fill, dash, width = 1.5 } = look
  return {
    stroke: () => colour(stroke),
    width,
    points: { show: false },
    ...(paths && { paths }),
    ...(fill && { fill: () => colour(fill) }),
    ...(dash && { dash }),
  }
}

/** A line that rises and falls between points, for what grows evenly, and the area below it. */
export function sloping(stroke: Colour, fill: Colour): uPlot.Series {
  return {
    stroke: () => colour(stroke),
    fill: () => colour(fill),
    width: 1.5,
    points: { show: false },
    // Not on whole pixels: a slow rise would be a staircase.
    pxAlign: 0,
  }
}
