/** A worst window as a number, as a bar against the limit, and with what is to be said of it. */
import { make, setText } from './dom.js'

interface Score {
  readonly value: string
  /** Parts of the whole width, 0 to 1: the bar, and one on top of it. */
  readonly bar: number
  readonly extra?: number
  readonly detail: string
}

export class ScoreRow {
  readonly #value: HTMLElement
  readonly #bar = make('i', { class: 'bar' })
  readonly #extra = make('i', { class: 'bar extra' })
  readonly #detail: HTMLElement

  constructor(list: HTMLElement, name: string, kind: string) {
    this.#value = make('b', { 'data-worst': kind })
    this.#detail = make('small', { class: 'detail', 'data-tally': kind })
    const track = make('span', { class: `track is-${kind}`, 'aria-hidden': 'true' }, this.#bar, this.#extra)
    list.append(make('div', { class: 'score' }, make('dt', {}, name), make('dd', {}, this.#value, track, this.#detail)))
  }

  show({ value, bar, extra = 0, detail }: Score): void {
    setText(this.#value, value)
    setText(this.#detail, detail)
    this.#bar.style.inlineSize = percent(bar)
    this.#extra.style.inlineSize = percent(extra)
  }
}

export function percent(part: number): string {
  return `${(100 * part).toFixed(2)}%`
}
