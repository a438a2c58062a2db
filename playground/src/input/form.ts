/** The form of settings, the tabs of users, and the slider of speeds: between elements and settings. */

import type { PatternName } from '../model/patterns.js'
import { isPatternName, PATTERN_NAMES, PATTERNS } from '../model/patterns.js'
import type { ChoiceName, Settings } from '../model/settings.js'
import { CHOICE_NAMES, CHOICES, correct, correction, DEFAULTS, mostOf, SPEEDS, ZOOMS } from '../model/settings.js'
import { USER_IDS } from '../model/simulation.js'
import { byId, make, within } from '../view/dom.js'

interface FormEvents {
  /** A number of the limiter or the seed was chosen. `corrected` says so when it was brought into its range. */
  number(name: ChoiceName, value: number, corrected: string | undefined): void
  pattern(index: number, pattern: PatternName): void
  shown(index: number): void
  speed(speed: number): void
  zoom(zoom: number): void
}

export class Form {
  readonly #fields: Record<ChoiceName, Field>
  readonly #patterns: readonly HTMLSelectElement[]
  readonly #tabs: readonly { radio: HTMLInputElement; pattern: HTMLElement }[]
  readonly #speed: Slider
  readonly #zoom: Slider

  constructor(settings: () => Settings, events: FormEvents) {
    const form = byId('settings', HTMLFormElement)
    form.addEventListener('submit', (event) => event.preventDefault())
    this.#fields = Object.fromEntries(CHOICE_NAMES.map((name) => [name, new Field(name, settings, events)])) as Record<
      ChoiceName,
      Field
    >
    this.#patterns = USER_IDS.map((id, index) => patternSelect(id, (pattern) => events.pattern(index, pattern)))
    this.#tabs = USER_IDS.map((id, index) => tab(id, () => events.shown(index)))
    this.#speed = new Slider('speed', SPEEDS, events.speed)
    this.#zoom = new Slider('zoom', ZOOMS, events.zoom)
  }

  show(settings: Settings): void {
    for (const name of CHOICE_NAMES) this.#fields[name].show(settings)
    settings.patterns.forEach((pattern, index) => {
      const [select, tab] = [this.#patterns[index], this.#tabs[index]]
      if (select) {
        select.value = pattern
        select.title = PATTERNS[pattern].hint
      }
      if (tab) tab.pattern.textContent = PATTERNS[pattern].label
    })
    const shown = this.#tabs[settings.shown]
    if (shown) shown.radio.checked = true
    this.#speed.show(settings.speed)
    this.#zoom.show(settings.zoom)
  }

  /** Says beside each field what was corrected, and takes back what was said before. */
  explain(corrections: Partial<Record<ChoiceName, string>>): void {
    for (const name of CHOICE_NAMES) this.#fields[name].explain(corrections[name])
  }
}

/** A number, and beside it why it is not what was asked for. */
class Field {
  readonly #name: ChoiceName
  readonly #input: HTMLInputElement
  readonly #note: HTMLElement

  constructor(name: ChoiceName, settings: () => Settings, events: FormEvents) {
    this.#name = name
    this.#input = within(document, `input[name=${name}]`, HTMLInputElement)
    this.#note = make('small', { class: 'corrected', id: `${name}-note`, hidden: '' })
    this.#input.closest('.field')?.append(this.#note)
    const { min, step } = CHOICES[name]
    Object.assign(this.#input, { min: String(min), step: String(step) })
    this.explain(undefined)
    this.#input.addEventListener('change', () => {
      const current = settings()
      const given = this.#input.valueAsNumber
      const most = mostOf(name, current)
      const value = correct(name, given, current[name], most)
      const told = correction(name, given, Math.min(value, most), most)
      this.#input.value = String(Math.min(value, most))
      this.explain(told)
      const label = this.#input.labels?.[0]?.firstChild?.textContent?.trim() ?? name
      // By the limiter's own limit, whatever that becomes.
      const isWhole = name === 'handLimit' && value >= most
      events.number(name, isWhole ? DEFAULTS.handLimit : value, told && `${label} is ${this.#input.value}. ${told}`)
    })
  }

  show(settings: Settings): void {
    const most = mostOf(this.#name, settings)
    this.#input.max = String(most)
    this.#input.value = String(Math.min(most, settings[this.#name]))
  }

  explain(told: string | undefined): void {
    this.#note.hidden = told === undefined
    this.#note.textContent = told ?? ''
    const ids = [document.getElementById(`${this.#name}-help`)?.id, told && this.#note.id].filter(Boolean)
    if (ids.length > 0) this.#input.setAttribute('aria-describedby', ids.join(' '))
    else this.#input.removeAttribute('aria-describedby')
  }
}

/** A slider over stops that are not evenly spaced, with its value in words beside it. */
class Slider {
  readonly #stops: readonly number[]
  readonly #input: HTMLInputElement
  readonly #value: HTMLOutputElement

  constructor(id: string, stops: readonly number[], chosen: (stop: number) => void) {
    this.#stops = stops
    this.#input = byId(id, HTMLInputElement)
    this.#value = byId(`${id}-value`, HTMLOutputElement)
    this.#input.max = String(stops.length - 1)
    this.#input.addEventListener('input', () => {
      const stop = stops[this.#input.valueAsNumber]
      if (stop !== undefined) chosen(stop)
    })
  }

  show(stop: number): void {
    this.#input.value = String(this.#stops.indexOf(stop))
    this.#input.setAttribute('aria-valuetext', `${stop} times`)
    this.#value.textContent = `×${stop}`
  }
}

function patternSelect(id: string, chosen: (pattern: PatternName) => void): HTMLSelectElement {
  const options = PATTERN_NAMES.map((name) => make('option', { value: name }, PATTERNS[name].label))
  const select = make('select', { name: `pattern-${id}` }, ...options)
  select.addEventListener('change', () => {
    if (isPatternName(select.value)) chosen(select.value)
  })
  byId('patterns', HTMLElement).append(make('label', {}, make('span', {}, `User ${id}`), select))
  return select
}

function tab(id: string, chosen: () => void): { radio: HTMLInputElement; pattern: HTMLElement } {
  const radio = make('input', { type: 'radio', name: 'shown', value: id })
  radio.addEventListener('change', chosen)
  const pattern = make('small')
  const label = make('label', {}, radio, make('span', {}, make('b', {}, id), pattern))
  byId('tabs', HTMLFieldSetElement).append(label)
  return { radio, pattern }
}
