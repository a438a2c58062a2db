/** The colours of the charts, which the style sheet names: read again when the look changes. */

const NAMES = [
  'ink',
  'muted',
  'line',
  'surface',
  'base',
  'base-soft',
  'burst',
  'burst-soft',
  'denied',
  'fixed',
  'bucket',
] as const

export type Colour = (typeof NAMES)[number]

const colours = new Map<Colour, string>()

export function colour(name: Colour): string {
  return colours.get(name) ?? 'gray'
}

export function readPalette(): void {
  const style = getComputedStyle(document.documentElement)
  for (const name of NAMES) colours.set(name, style.getPropertyValue(`--${name}`).trim())
}
