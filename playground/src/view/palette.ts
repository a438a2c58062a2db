/** The colours of the charts. The style sheet names them; they are read again when the look changes. */

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
  'queue',
  'fixed',
  'bucket',
  'fleet',
  'fleet-soft',
] as const

export type Colour = (typeof NAMES)[number]

const colours = new Map<Colour, string>()

export function colour(name: Colour): string {
  return colours.get(name) ?? 'gray'
}

export function readPalette(): void {
  // A custom property reads as it is written, `light-dark(...)`. It becomes a colour only where it is used.
  const probe = document.body.appendChild(document.createElement('span'))
  for (const name of NAMES) {
    probe.style.color = `var(--${name})`
    colours.set(name, getComputedStyle(probe).color)
  }
  probe.remove()
}
