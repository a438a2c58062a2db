/**
 * The dark and the light look. The page follows the system until the user chooses the other look, and follows it again
 * once the user chooses the system's own.
 */
import { readPalette } from './palette.js'

const KEY = 'spillway-look'

/** Makes a button switch the look. `changed` is told after each change, the system's included. */
export function startTheme(button: HTMLButtonElement, changed: () => void): void {
  const system = matchMedia('(prefers-color-scheme: dark)')
  const apply = () => {
    const chosen = stored()
    if (chosen) document.documentElement.dataset.look = chosen
    else delete document.documentElement.dataset.look
    button.textContent = isDark(chosen) ? 'Light look' : 'Dark look'
    readPalette()
    changed()
  }
  const isDark = (chosen: string | undefined) => (chosen ? chosen === 'dark' : system.matches)
  button.addEventListener('click', () => {
    const dark = !isDark(stored())
    store(dark === system.matches ? undefined : dark ? 'dark' : 'light')
    apply()
  })
  system.addEventListener('change', apply)
  apply()
}

// Storage is refused in some private windows; the look is then kept while the page is open.
let unstored: string | undefined

function stored(): string | undefined {
  try {
    const value = localStorage.getItem(KEY)
    return value === 'dark' || value === 'light' ? value : unstored
  } catch {
    return unstored
  }
}

function store(look: string | undefined): void {
  unstored = look
  try {
    if (look) localStorage.setItem(KEY, look)
    else localStorage.removeItem(KEY)
  } catch {}
}
