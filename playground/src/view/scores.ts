/** The worst windows of the limiters and the queue as bars against the limit, and how much each admitted. */

import type { Simulation } from '../model/simulation.js'
import type { User } from '../model/user.js'
import type { WindowCount } from '../model/window-count.js'
import { percent, ScoreRow } from './score-row.js'
import { against, queued, tally } from './words.js'

export class Scores {
  readonly #list: HTMLElement
  readonly #spillway: ScoreRow
  readonly #queue: ScoreRow
  readonly #fixed: ScoreRow
  readonly #bucket: ScoreRow

  constructor(list: HTMLElement) {
    this.#list = list
    this.#spillway = new ScoreRow(list, 'Spillway', 'spillway')
    this.#queue = new ScoreRow(list, 'Spillway, waiting in a queue', 'queue')
    this.#fixed = new ScoreRow(list, 'Fixed window', 'fixed')
    this.#bucket = new ScoreRow(list, 'Token bucket', 'bucket')
  }

  show(simulation: Simulation, user: User): void {
    const { counts } = user
    const { limit } = simulation.quota
    const waits = simulation.line.of(user.id)
    const top = Math.max(2 * limit, counts.spillway.worst, waits.counts.all.worst)
    const { base, burst, denied, fixed, bucket } = user.tally
    const requests = base + burst + denied
    this.#list.style.setProperty('--limit', percent(limit / top))

    const ours = (row: ScoreRow, base: WindowCount, all: WindowCount, detail: string) => {
      // Exactly the tokens spent in the worst window: each was spent while the base places were all taken.
      const onTop = all.worst - base.worst
      const value = against(limit, base.worst, onTop)
      row.show({ value, bar: base.worst / top, extra: onTop / top, detail })
    }
    ours(this.#spillway, counts.base, counts.spillway, tally(user))
    ours(this.#queue, waits.counts.base, waits.counts.all, queued(simulation, user))
    for (const [row, { worst }, admitted] of [
      [this.#fixed, counts.fixed, fixed],
      [this.#bucket, counts.bucket, bucket],
    ] as const) {
      const detail = `${admitted} admitted, ${requests - admitted} denied`
      row.show({ value: against(limit, worst), bar: worst / top, detail })
    }
  }
}
