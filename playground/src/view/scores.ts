/** The worst windows of the limiters and the queue as bars against the limit, and how much each admitted. */

import type { Simulation } from '../model/simulation.js'
import type { User } from '../model/user.js'
import type { WindowCount } from '../model/window-count.js'
import { make, setText } from './dom.js'
import { queued } from './words.js'

interface Row {
  readonly value: HTMLElement
  readonly bar: HTMLElement
  readonly extra: HTMLElement | undefined
  readonly detail: HTMLElement
}

export class Scores {
  readonly #list: HTMLElement
  readonly #spillway: Row
  readonly #queue: Row
  readonly #fixed: Row
  readonly #bucket: Row

  constructor(list: HTMLElement) {
    this.#list = list
    this.#spillway = this.#row('Spillway', 'spillway', true)
    this.#queue = this.#row('Spillway, waiting in a queue', 'queue', true)
    this.#fixed = this.#row('Fixed window', 'fixed', false)
    this.#bucket = this.#row('Token bucket', 'bucket', false)
  }

  show(simulation: Simulation, user: User): void {
    const { counts, tally } = user
    const { limit } = simulation.quota
    const waits = simulation.line.of(user.id)
    const top = Math.max(2 * limit, counts.spillway.worst, waits.counts.all.worst)
    const place = (count: number) => `${((100 * count) / top).toFixed(2)}%`
    const requests = tally.base + tally.burst + tally.denied
    this.#list.style.setProperty('--limit', place(limit))

    const ours = (row: Row, base: WindowCount, all: WindowCount, detail: string) => {
      // Exactly the tokens spent in the worst window: each was spent while the base places were all taken.
      const onTop = all.worst - base.worst
      fill(row, place(base.worst), place(onTop))
      setText(row.value, onTop > 0 ? `${base.worst} + ${onTop} burst` : String(base.worst))
      setText(row.detail, detail)
    }
    const { base, burst, denied } = tally
    ours(this.#spillway, counts.base, counts.spillway, `${base} base, ${burst} burst, ${denied} denied`)
    ours(this.#queue, waits.counts.base, waits.counts.all, queued(simulation, user))
    for (const [row, worst, admitted] of [
      [this.#fixed, counts.fixed.worst, tally.fixed],
      [this.#bucket, counts.bucket.worst, tally.bucket],
    ] as const) {
      fill(row, place(worst), '0%')
      setText(row.value, worst > limit ? `${worst}, ${(worst / limit).toFixed(2)}× the limit` : String(worst))
      setText(row.detail, `${admitted} admitted, ${requests - admitted} denied`)
    }
  }

  #row(name: string, kind: string, burst: boolean): Row {
    const value = make('b', { 'data-worst': kind })
    const detail = make('small', { class: 'detail', 'data-tally': kind })
    const bar = make('i', { class: 'bar' })
    const extra = burst ? make('i', { class: 'bar extra' }) : undefined
    const track = make('span', { class: `track is-${kind}`, 'aria-hidden': 'true' }, bar, ...(extra ? [extra] : []))
    this.#list.append(make('div', { class: 'score' }, make('dt', {}, name), make('dd', {}, value, track, detail)))
    return { value, bar, extra, detail }
  }
}

function fill({ bar, extra }: Row, width: string, extraWidth: string): void {
  bar.style.inlineSize = width
  if (extra) extra.style.inlineSize = extraWidth
}
