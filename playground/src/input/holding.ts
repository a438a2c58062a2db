/** A button that acts while it is held, by pointer or by keyboard, and lets go however the holding ends. */
export class Holding {
  #held = false
  readonly #press: () => void
  readonly #letGo: () => void

  constructor(button: HTMLButtonElement, press: () => void, letGo: () => void) {
    this.#press = press
    this.#letGo = letGo
    button.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return
      // So that the release is heard even where the pointer has left the button.
      button.setPointerCapture(event.pointerId)
      this.press()
    })
    for (const end of ['pointerup', 'pointercancel', 'lostpointercapture', 'blur']) {
      button.addEventListener(end, () => this.release())
    }
    button.addEventListener('keydown', (event) => {
      if (event.key !== ' ' && event.key !== 'Enter') return
      event.preventDefault()
      if (!event.repeat) this.press()
    })
    button.addEventListener('keyup', (event) => {
      if (event.key === ' ' || event.key === 'Enter') this.release()
    })
    // A click without a pointer or key: that of a screen reader or a voice.
    button.addEventListener('click', (event) => {
      if (event.detail !== 0 || this.#held) return
      this.press()
      this.release()
    })
    button.addEventListener('contextmenu', (event) => event.preventDefault())
    addEventListener('blur', () => this.release())
  }

  press(): void {
    if (this.#held) return
    this.#held = true
    this.#press()
  }

  release(): void {
    if (!this.#held) return
    this.#held = false
    this.#letGo()
  }
}
