/** Lets the process end though a timer runs. Timers are objects in Node and Bun, numbers in Deno and browsers. */
export function unref(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function') {
    timer.unref()
    return
  }
  const { Deno } = globalThis as { Deno?: { unrefTimer(id: unknown): void } }
  Deno?.unrefTimer(timer)
}
