/** The form of settings, the tabs of users, and the slider of speeds: between elements and settings. */

import type { PatternName } from '../model/patterns.js'
import { isPatternName, PATTERN_NAMES, PATTERNS } from '../model/patterns.js'
import type { ChoiceName, Settings } from '../model/settings.js'
import { CHOICE_NAMES, CHOICES, correct, SPEEDS, ZOOMS } from '../model/settings.js'
import { USER_IDS } from '../model/simulation.js'
import { byId, make, within } from '../view/dom.js'

export interface FormEvents {
  /** A number of the limiter or the seed was chosen. `corrected` says so when it was brought into its range. */
  number(name: ChoiceName, value: number, corrected: string | undefined): void
  pattern(index: number, pattern: PatternName): void
  shown(index: number): void
  speed(speed: number): void
  zoom(zoom: number): void
}

export class Form {
  readonly #inputs: Record<ChoiceName, HTMLInputElement>
  readonly #patterns: readonly HTMLSelectElement[]
  readonly #tabs: readonly { radio: HTMLInputElement; pattern: HTMLElement }[]
  readonly #speed: Slider
  readonly #zoom: Slider

  constructor(settings: () => Settings, events: FormEvents) {
    const form = byId('settings', HTMLFormElement)
    form.addEventListener('submit', (event) => event.preventDefault())
    this.#inputs = Object.fromEntries(
      CHOICE_NAMES.map((name) => [name, numberInput(form, name, settings, events)]),
    ) as Record<ChoiceName, HTMLInputElement>
    this.#patterns = USER_IDS.map((id, index) => patternSelect(id, (pattern) => events.pattern(index, pattern)))
    this.#tabs = USER_IDS.map((id, index) => tab(id, () => events.shown(index)))
    this.#speed = new Slider('speed', SPEEDS, events.speed)
    this.#zoom = new Slider('zoom', ZOOMS, events.zoom)
  }

  show(settings: Settings): void {
    for (const name of CHOICE_NAMES) this.#inputs[name].value = String(settings[name])
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

function numberInput(
  form: HTMLFormElement,
  name: ChoiceName,
  settings: () => Settings,
  events: FormEvents,
): HTMLInputElement {
  const input = within(form, `input[name=${name}]`, HTMLInputElement)
  const { min, max, step } = CHOICES[name]
  Object.assign(input, { min: String(min), max: String(max), step: String(step) })
  input.addEventListener('change', () => {
    const given = input.valueAsNumber
    const value = correct(name, given, settings()[name])
    input.value = String(value)
    const label = input.labels?.[0]?.firstChild?.textContent?.trim() ?? name
    events.number(name, value, given === value ? undefined : `${label} is ${value}: it may be ${min} to ${max}.`)
  })
  return input
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
