/** The fleet: its admissions in the window over time with the bound drawn, and its worst windows beside others. */
import type { FleetKind, FleetUser } from '../model/fleet.js'
import { FLEET_KINDS } from '../model/fleet.js'
import type { Simulation } from '../model/simulation.js'
import type { User } from '../model/user.js'
import { byId, setText } from './dom.js'
import { multiples, Panel, rule, stepped, windowsIn } from './panel.js'
import { percent, ScoreRow } from './score-row.js'
import { against, bound, fleetWorst, shortly } from './words.js'

const NAMES: Record<FleetKind, string> = {
  fleet: 'Spillway: report and adopt',
  exact: 'Exact: all ask one place',
  fixed: 'Fixed window in the store',
  share: 'Each process its share',
}

export class FleetView {
  #limit = 1
  #bound = 1
  #top = 1
  readonly #list = byId('fleet-scores', HTMLElement)
  readonly #bar = byId('fleet-bound', HTMLElement)
  readonly #rows = FLEET_KINDS.map((kind) => ({
    kind,
    row: new ScoreRow(this.#list, NAMES[kind], kind === 'fleet' ? 'fleet' : `fleet-${kind}`),
  }))
  readonly #panel = new Panel(byId('fleet-window', HTMLElement), {
    height: 230,
    timeLabels: true,
    series: [
      stepped('fleet', { fill: 'fleet-soft' }),
      stepped('base', { width: 2 }),
      stepped('fixed', { dash: [7, 4] }),
      stepped('bucket', { dash: [2, 3], width: 2 }),
    ],
    range: () => [0, this.#top * 1.08],
    splits: () => [
      ...multiples(this.#limit, this.#top).filter((count) => apart(count, this.#bound, this.#top)),
      this.#bound,
    ],
    values: (splits) => splits.map((count) => this.#label(count)),
    draw: (u) => {
      rule(u, this.#limit, 'ink')
      rule(u, this.#bound, 'denied', [6, 4])
    },
  })

  /** Draws a user, the time `now` at the right. */
  draw({ fleet, quota }: Simulation, user: User, zoom: number, now: number): void {
    const part = fleet.of(user.id)
    this.#limit = quota.limit
    this.#bound = fleet.bound
    this.#top = Math.max(2 * quota.limit, fleet.bound)
    const from = now - (windowsIn(this.#panel.element) / zoom) * quota.windowMs
    const { time, ...rest } = part.samples.since(from, true)
    this.#panel.show(from, now, quota.windowMs, [time, rest.fleet, rest.exact, rest.fixed, rest.share])
    setText(this.#bar, bound(fleet, quota.limit))
    this.#list.style.setProperty('--limit', percent(quota.limit / this.#top))
    this.#list.style.setProperty('--bound', percent(fleet.bound / this.#top))
    for (const { kind, row } of this.#rows) {
      const { worst } = part.counts[kind]
      const detail = this.#detail(kind, part, fleet)
      row.show({ value: against(quota.limit, worst), bar: worst / this.#top, detail })
    }
  }

  describe(simulation: Simulation, user: User): void {
    const { fleet, quota } = simulation
    const text = `Admissions in the window over the fleet, over time. ${bound(fleet, quota.limit)}. `
    this.#panel.element.setAttribute('aria-label', text + fleetWorst(simulation, user))
  }

  #detail(kind: FleetKind, { admitted, requests }: FleetUser, fleet: Simulation['fleet']): string {
    const counted = `${admitted[kind]} admitted, ${requests - admitted[kind]} denied`
    if (kind === 'share') return `${counted}; ${fleet.share} in each process`
    if (kind !== 'fleet') return counted
    const asked = `store asked ${fleet.asked} times for all users`
    return `${counted}; ${asked}${fleet.alone > 0 ? `; ${fleet.alone} processes take it for gone` : ''}`
  }

  #label(count: number): string {
    if (count === this.#bound) return `bound ${shortly(count)}`
    return count === this.#limit ? `limit ${shortly(count)}` : shortly(count)
  }
}

/** Whether two labels have room beside each other. */
function apart(one: number, other: number, top: number): boolean {
  return Math.abs(one - other) > top / 10
}
