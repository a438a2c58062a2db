/**
 * The marks of requests, told apart by shape and place as well as by colour: a bar is admitted by base, a diamond by
 * burst, a cross is denied, a ring by a limit that is shared, a square by a block; a stub on the floor of a row is denied by
 * a rival; a triangle that points back is a refund. All marks of a kind are one path.
 */
import type uPlot from 'uplot'
import type { Colour } from './palette.js'
import { colour } from './palette.js'

type Shape = 'bar' | 'diamond' | 'cross' | 'ring' | 'square' | 'stub' | 'back'

export interface MarkRow {
  /** Times of requests, and for each whether it has a mark in this row. */
  readonly times: Float64Array
  readonly has: (index: number) => boolean
  readonly shape: Shape
  readonly colour: Colour
  /** Middle of the row on the vertical scale, and half of its height in CSS pixels. */
  readonly middle: number
  readonly half: number
}

export function drawMarks(u: uPlot, { times, has, shape, colour: name, middle, half }: MarkRow): void {
  const { ctx } = u
  const ratio = devicePixelRatio
  const y = u.valToPos(middle, 'y', true)
  const reach = half * ratio
  // Positions are linear in time: one multiplication a mark instead of a call.
  const { left, width } = u.bbox
  const { min = 0, max = 1 } = u.scales.x ?? {}
  const scale = width / ((max ?? 1) - (min ?? 0))
  // Marks too close to be told apart are drawn as one for each short stretch of time. Stretches of time, not of pixels,
  // keep the chart from shimmering as it moves.
  const stretch = (GAP[shape] * ratio) / scale
  let drawn = Number.NEGATIVE_INFINITY
  ctx.save()
  ctx.beginPath()
  ctx.rect(left, u.bbox.top, width + 6 * ratio, u.bbox.height)
  ctx.clip()
  ctx.fillStyle = ctx.strokeStyle = colour(name)
  ctx.lineWidth = 1.4 * ratio
  ctx.setLineDash([])
  ctx.beginPath()
  for (let index = 0; index < times.length; index++) {
    const time = times[index] ?? 0
    if (!has(index) || Math.floor(time / stretch) === drawn) continue
    drawn = Math.floor(time / stretch)
    trace[shape](ctx, left + (time - (min ?? 0)) * scale, y, reach, ratio)
  }
  if (shape === 'cross' || shape === 'ring') ctx.stroke()
  else ctx.fill()
  ctx.restore()
}

/** Shades a span of time between two heights of the vertical scale: a block. */
export function drawSpan(u: uPlot, { from, to }: { from: number; to: number }, low: number, high: number): void {
  const { ctx, bbox } = u
  const end = bbox.left + bbox.width
  const left = Math.max(bbox.left, u.valToPos(from, 'x', true))
  const right = Math.min(end, u.valToPos(to, 'x', true))
  if (right <= left) return
  const top = u.valToPos(high, 'y', true)
  ctx.save()
  ctx.globalAlpha = 0.16
  ctx.fillStyle = colour('denied')
  ctx.fillRect(left, top, right - left, u.valToPos(low, 'y', true) - top)
  ctx.restore()
}

/** The least distance of two marks that can be told apart, in CSS pixels. */
const GAP: Record<Shape, number> = {
  bar: 0.75,
  stub: 0.75,
  cross: 2,
  ring: 4,
  square: 4,
  diamond: 1.5,
  back: 3,
}

const BAR = 1.6

const trace: Record<
  Shape,
  (path: CanvasRenderingContext2D, x: number, y: number, reach: number, ratio: number) => void
> = {
  bar(path, x, y, reach, ratio) {
    path.rect(x - (BAR / 2) * ratio, y - reach, BAR * ratio, 2 * reach)
  },
  diamond(path, x, y, reach) {
    path.moveTo(x, y - reach)
    path.lineTo(x + reach * 0.8, y)
    path.lineTo(x, y + reach)
    path.lineTo(x - reach * 0.8, y)
    path.closePath()
  },
  cross(path, x, y, reach) {
    path.moveTo(x - reach, y - reach)
    path.lineTo(x + reach, y + reach)
    path.moveTo(x + reach, y - reach)
    path.lineTo(x - reach, y + reach)
  },
  ring(path, x, y, reach) {
    path.moveTo(x + reach, y)
    path.arc(x, y, reach, 0, 2 * Math.PI)
  },
  square(path, x, y, reach) {
    path.rect(x - reach, y - reach, 2 * reach, 2 * reach)
  },
  back(path, x, y, reach) {
    path.moveTo(x - reach, y)
    path.lineTo(x + reach * 0.4, y - reach)
    path.lineTo(x + reach * 0.4, y + reach)
    path.closePath()
  },
  stub(path, x, y, reach, ratio) {
    path.rect(x - (BAR / 2) * ratio, y + reach - 3 * ratio, BAR * ratio, 3 * ratio)
  },
}
