/** Links: to a part of the page, and to the page as it is. */
import { byId } from '../view/dom.js'

/** How long a button says what it did. */
const SAID_MS = 2000

/** Has links that name a part of the page lead there, and the keyboard with them. The address keeps the settings. */
export function startJumps(): void {
  for (const link of document.querySelectorAll<HTMLAnchorElement>('a[data-to]')) {
    link.addEventListener('click', (event) => {
      event.preventDefault()
      const target = byId(link.dataset.to ?? '', HTMLElement)
      target.scrollIntoView()
      target.focus()
    })
  }
}

/** Has a button copy the address. */
export function startSharing(button: HTMLButtonElement, say: (text: string) => void): void {
  const name = button.textContent
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(location.href)
      button.textContent = 'Copied'
      say('Link copied')
    } catch {
      // Some browsers refuse; the address bar holds the same.
      button.textContent = 'Copy the address'
      say('The link could not be copied. The address of this page is the link.')
    }
    setTimeout(() => {
      button.textContent = name
    }, SAID_MS)
  })
}
