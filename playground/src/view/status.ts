/**
 * What screen readers hear: what the user just did, once they pause; while the page plays, a short summary now and then.
 */
const SETTLE_MS = 700
const SUMMARY_MS = 20_000

export class Status {
  readonly #element: HTMLElement
  #timer: ReturnType<typeof setTimeout> | undefined
  #lastSummary = performance.now()

  constructor(element: HTMLElement) {
    this.#element = element
  }

  /** Says a thing after a moment, unless another comes first. */
  say(text: () => string): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#element.textContent = text()
      this.#lastSummary = performance.now()
    }, SETTLE_MS)
  }

  /** Says a summary if nothing was said for a while. */
  summarise(text: () => string): void {
    if (performance.now() - this.#lastSummary < SUMMARY_MS) return
    this.#lastSummary = performance.now()
    this.#element.textContent = text()
  }
}
