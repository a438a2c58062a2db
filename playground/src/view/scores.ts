/** The worst windows of the three limiters as bars against the limit, and how much each admitted. */

import type { Simulation } from '../model/simulation.js'
import type { User } from '../model/user.js'
import { make, setText } from './dom.js'

interface Row {
  readonly value: HTMLElement
  readonly bar: HTMLElement
  readonly extra: HTMLElement | undefined
  readonly detail: HTMLElement
}

export class Scores {
  readonly #list: HTMLElement
  readonly #spillway: Row
  readonly #fixed: Row
  readonly #bucket: Row

  constructor(list: HTMLElement) {
    this.#list = list
    this.#spillway = this.#row('Spillway', 'spillway', true)
    this.#fixed = this.#row('Fixed window', 'fixed', false)
    this.#bucket = this.#row('Token bucket', 'bucket', false)
  }

  show({ quota: { limit } }: Simulation, { counts, tally }: User): void {
    const top = Math.max(2 * limit, counts.spillway.worst)
    const place = (count: number) => `${((100 * count) / top).toFixed(2)}%`
    const requests = tally.base + tally.burst + tally.denied
    this.#list.style.setProperty('--limit', place(limit))

    const onTop = counts.spillway.worst - counts.base.worst
    // Exactly the tokens spent in the worst window: each was spent while the base places were all taken.
    fill(this.#spillway, place(counts.base.worst), place(onTop))
    setText(this.#spillway.value, onTop > 0 ? `${counts.base.worst} + ${onTop} burst` : String(counts.base.worst))
    setText(this.#spillway.detail, `${tally.base} base, ${tally.burst} burst, ${tally.denied} denied`)
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
