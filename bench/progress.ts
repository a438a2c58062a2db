/** A line that says what is being measured, on a terminal; nothing where there is none. */
export class Progress {
  readonly #startedAt = Date.now()
  #shown = false

  show(text: string): void {
    if (!process.stderr.isTTY) return
    const seconds = Math.round((Date.now() - this.#startedAt) / 1000)
    const line = `${seconds} s  ${text}`.slice(0, (process.stderr.columns ?? 80) - 1)
    process.stderr.write(`\r\x1b[K${line}`)
    this.#shown = true
  }

  clear(): void {
    if (this.#shown) process.stderr.write('\r\x1b[K')
    this.#shown = false
  }
}
