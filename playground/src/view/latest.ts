/** The latest requests as a table: what the marks show, for those who read rather than see it. */

import type { User } from '../model/user.js'
import { make, setText, within } from './dom.js'
import { moment, outcomeWord } from './words.js'

const ROWS = 40

export class Latest {
  readonly #details: HTMLDetailsElement
  readonly #caption: HTMLTableCaptionElement
  readonly #body: HTMLTableSectionElement

  constructor(details: HTMLDetailsElement) {
    this.#details = details
    this.#caption = within(details, 'caption', HTMLTableCaptionElement)
    this.#body = within(details, 'tbody', HTMLTableSectionElement)
  }

  get open(): boolean {
    return this.#details.open
  }

  show(user: User): void {
    if (!this.open) return
    const { time, outcome, fixed, bucket } = user.latest.last(ROWS)
    setText(this.#caption, `User ${user.id}, newest first`)
    const word = (admitted: number | undefined) => (admitted ? 'admitted' : 'denied')
    const rows = Array.from(time, (at, k) =>
      make(
        'tr',
        {},
        make('th', { scope: 'row' }, moment(at, 3)),
        ...[outcomeWord(outcome[k] ?? 0), word(fixed[k]), word(bucket[k])].map((text) =>
          make('td', { 'data-outcome': text.split(' ')[0] ?? '' }, text),
        ),
      ),
    )
    this.#body.replaceChildren(...rows.reverse())
  }
}
