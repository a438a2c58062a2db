/** Single keys for the whole page, which can be turned off: they may be in the way of speech and switch input. */

interface KeyActions {
  toggle(): void
  step(): void
  leap(): void
  restart(): void
  faster(by: number): void
  closer(by: number): void
  choose(index: number): void
  press(): void
  release(): void
}

export function startKeyboard(on: HTMLInputElement, actions: KeyActions): void {
  addEventListener('keydown', (event) => {
    if (!on.checked || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
    if (belongsElsewhere(event)) return
    const act = actionOf(event, actions)
    if (!act) return
    event.preventDefault()
    act()
  })
  addEventListener('keyup', (event) => {
    if (event.key.toLowerCase() === 'h') actions.release()
  })
}

function actionOf({ key, repeat }: KeyboardEvent, actions: KeyActions): (() => void) | undefined {
  if (key === '.') return actions.step
  if (key === ',') return actions.leap
  // What the system repeats while a key is held is one press of these.
  if (repeat) return key === ' ' || key.toLowerCase() === 'h' ? () => {} : undefined
  if (key === ' ') return actions.toggle
  if (key === '[' || key === ']') return () => actions.faster(key === ']' ? 1 : -1)
  if (key === '-' || key === '=' || key === '+') return () => actions.closer(key === '-' ? -1 : 1)
  if (key >= '1' && key <= '4') return () => actions.choose(Number(key) - 1)
  if (key.toLowerCase() === 'r') return actions.restart
  if (key.toLowerCase() === 'h') return actions.press
  return undefined
}

/** Whether a key means something to the element that has the focus: text is typed, lists are searched by letter. */
function belongsElsewhere({ key, target }: KeyboardEvent): boolean {
  if (!(target instanceof Element)) return false
  if (target.matches('input[type=number], select, textarea')) return true
  return key === ' ' && target.matches('button, summary, a, input[type=checkbox]')
}
