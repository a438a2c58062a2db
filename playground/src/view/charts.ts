/** The four charts: the shown user's requests, admissions in the window, tokens, and the requests of all users. */
import type uPlot from 'uplot'
import { BASE, BLOCKED, BURST, DENIED, SHARED } from '../model/gate.js'
import type { Simulation } from '../model/simulation.js'
import { USER_IDS } from '../model/simulation.js'
import type { User } from '../model/user.js'
import { REFUSED, STARTED } from '../model/waiting-line.js'
import { byId } from './dom.js'
import type { MarkRow } from './marks.js'
import { drawMarks, drawSpan } from './marks.js'
import { multiples, Panel, rule, sloping, stepped, windowsIn } from './panel.js'
import { shortly } from './words.js'

/** Rows of the requests, from the top. The vertical scale counts from the bottom. */
const ROWS = ['base', 'burst', 'denied', 'queue', 'fixed', 'bucket'] as const
const ROW = 26
const EVERYONE_ROW = 20

export class Charts {
  #simulation: Simulation | undefined
  #shown = 0
  /** The start of what is drawn. */
  #from = 0
  /** Tops of the vertical axes, kept from frame to frame so that they do not flutter. */
  #mostAdmitted = 1
  #mostTokens = 1

  readonly #lanes = new Panel(byId('lanes', HTMLElement), {
    height: ROWS.length * ROW,
    range: () => [0, ROWS.length],
    splits: () => ROWS.map((_, index) => middle(index, ROWS.length)),
    values: () => [...ROWS],
    lines: false,
    draw: (u) => this.#drawLanes(u),
  })
  readonly #window = new Panel(byId('window', HTMLElement), {
    height: 150,
    series: [
      stepped('burst', { fill: 'burst-soft' }),
      stepped('base', { fill: 'base-soft' }),
      stepped('fixed', { dash: [7, 4] }),
      stepped('bucket', { dash: [2, 3], width: 2 }),
    ],
    range: () => [0, this.#mostAdmitted * 1.08],
    splits: () => multiples(this.#limit, this.#mostAdmitted),
    values: (splits) => splits.map((count) => (count === this.#limit ? `limit ${shortly(count)}` : shortly(count))),
    draw: (u) => this.#drawLimit(u),
  })
  readonly #tokens = new Panel(byId('token-level', HTMLElement), {
    height: 70,
    timeLabels: true,
    series: [sloping('burst', 'burst-soft')],
    range: () => [0, this.#mostTokens * 1.1],
    splits: () => [0, this.#mostTokens / 2, this.#mostTokens],
  })
  readonly #everyone = new Panel(byId('everyone', HTMLElement), {
    height: USER_IDS.length * EVERYONE_ROW,
    timeLabels: true,
    range: () => [0, USER_IDS.length],
    splits: () => USER_IDS.map((_, index) => middle(index, USER_IDS.length)),
    values: () => [...USER_IDS],
    lines: false,
    draw: (u) => this.#drawEveryone(u),
  })

  /** Draws a user of a simulation, the time `now` at the right. */
  draw(simulation: Simulation, { shown, zoom }: { shown: number; zoom: number }, now: number): void {
    if (simulation !== this.#simulation || shown !== this.#shown) this.#mostTokens = this.#mostAdmitted = 0
    this.#simulation = simulation
    this.#shown = shown
    const { windowMs } = simulation.quota
    this.#from = now - (windowsIn(this.#lanes.element) / zoom) * windowMs
    const { time, fill, tokens, spillway, fixed, bucket } = this.#user.samples.since(this.#from, true)
    this.#mostAdmitted = Math.max(2, Math.ceil(most(spillway) / this.#limit)) * this.#limit
    this.#mostTokens = tokenTop(most(tokens), this.#mostTokens, simulation.quota.capacity)
    this.#lanes.show(this.#from, now, windowMs)
    this.#window.show(this.#from, now, windowMs, [time, spillway, fill, fixed, bucket])
    this.#tokens.show(this.#from, now, windowMs, [time, tokens])
    this.#everyone.show(this.#from, now, windowMs)
  }

  /** Words for the charts, for those who do not see them. */
  describe(text: string): void {
    this.#lanes.element.setAttribute('aria-label', `Requests over time. ${text}`)
    this.#window.element.setAttribute('aria-label', `Admissions in the window over time, by limiter. ${text}`)
    this.#tokens.element.setAttribute('aria-label', `Burst tokens over time. ${text}`)
    this.#everyone.element.setAttribute('aria-label', 'Requests of all users over time')
  }

  get #limit(): number {
    return this.#simulation?.quota.limit ?? 1
  }

  get #user(): User {
    const user = this.#simulation?.users[this.#shown]
    if (!user) throw new Error('There is nothing to draw yet')
    return user
  }

  #drawLanes(u: uPlot): void {
    if (!this.#simulation) return
    const { time: times, outcome, fixed, bucket } = this.#user.requests.since(this.#from)
    for (const block of this.#user.blocks) drawSpan(u, block, ROWS.length - 3, ROWS.length)
    for (const row of outcomeRows(times, outcome, (index) => middle(index, ROWS.length), 8)) drawMarks(u, row)
    const queued = this.#simulation.line.of(this.#user.id).events.since(this.#from)
    for (const [name, at, admitted] of [
      ['queue', queued.time, queued.outcome],
      ['fixed', times, fixed],
      ['bucket', times, bucket],
    ] as const) {
      const row = { times: at, middle: middle(ROWS.indexOf(name), ROWS.length), half: 8 }
      drawMarks(u, { ...row, has: (k) => admitted[k] === STARTED, shape: 'bar', colour: name })
      drawMarks(u, { ...row, has: (k) => admitted[k] === REFUSED, shape: 'stub', colour: 'denied' })
    }
    const refunds = this.#user.refunds.since(this.#from)
    for (const [index, undone] of [BASE, BURST].entries()) {
      const place = { times: refunds.time, middle: middle(index, ROWS.length), half: 7 }
      drawMarks(u, { ...place, has: (k) => refunds.outcome[k] === undone, shape: 'back', colour: 'ink' })
    }
    rule(u, middle(2, ROWS.length) - 0.5, 'line')
  }

  #drawEveryone(u: uPlot): void {
    for (const [index, user] of (this.#simulation?.users ?? []).entries()) {
      const { time, outcome } = user.requests.since(this.#from)
      const row = middle(index, USER_IDS.length)
      for (const block of user.blocks) drawSpan(u, block, row - 0.5, row + 0.5)
      for (const marks of outcomeRows(time, outcome, () => row, 6)) drawMarks(u, marks)
    }
  }

  #drawLimit(u: uPlot): void {
    rule(u, this.#limit, 'ink')
  }
}

function outcomeRows(
  times: Float64Array,
  outcome: Float64Array,
  place: (row: number) => number,
  half: number,
): MarkRow[] {
  return [
    { times, has: (k) => outcome[k] === DENIED, shape: 'cross', colour: 'denied', middle: place(2), half: half / 2.2 },
    { times, has: (k) => outcome[k] === SHARED, shape: 'ring', colour: 'denied', middle: place(2), half: half / 2 },
    {
      times,
      has: (k) => outcome[k] === BLOCKED,
      shape: 'square',
      colour: 'denied',
      middle: place(2),
      half: half / 2.5,
    },
    { times, has: (k) => outcome[k] === BASE, shape: 'bar', colour: 'base', middle: place(0), half },
    { times, has: (k) => outcome[k] === BURST, shape: 'diamond', colour: 'burst', middle: place(1), half: half * 0.9 },
  ]
}

function middle(index: number, rows: number): number {
  return rows - index - 0.5
}

function most(values: Float64Array): number {
  let found = 0
  for (const value of values) if (value > found) found = value
  return found
}

const ROUND = [2, 4, 10, 20, 40, 100, 200, 400, 1000, 2000, 4000, 10_000]

/** A round top for the token axis. It rises at once and falls only when most of the chart would be empty. */
function tokenTop(needed: number, current: number, capacity: number): number {
  if (needed <= current && needed > current / 4) return current
  const round = ROUND.find((top) => top >= needed) ?? 10_000
  return Math.max(2, Math.min(round, Math.max(capacity, needed)))
}
