/** Timers that nobody waits for: they keep no process alive, and no async context of the caller that happened to set them. */

/** The longest delay of a timer, in milliseconds; a longer one would fire at once. */
export const LONGEST_TIMER_MS = 2_147_483_647

/**
 * Calls back once, after `delayMs`.
 *
 * @returns a function that forgets about it. It uses the `clearTimeout` of when the timer was set: fake timers complain
 *   about timers that are not theirs
 */
export function startTimer(callback: () => void, delayMs: number): () => void {
  const { clearTimeout } = globalThis
  const timer = setTimeout(callback, delayMs)
  unref(timer)
  leaveContext(timer)
  return () => clearTimeout(timer)
}

/** Lets the process end though a timer runs. Timers are objects in Node and Bun, numbers in Deno and browsers. */
function unref(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function') {
    timer.unref()
    return
  }
  const { Deno } = globalThis as { Deno?: { unrefTimer(id: unknown): void } }
  Deno?.unrefTimer(timer)
}

/**
 * Takes the stores of `AsyncLocalStorage` off a timer. Node has no call for that. It keeps them in the timer, under symbols:
 * `kResourceStore` for each storage up to Node 22, `kAsyncContextFrame` for all from Node 24 on. They are the only objects
 * there; the rest are numbers and booleans. Deno and Bun keep them out of reach.
 */
function leaveContext(timer: unknown): void {
  if (typeof timer !== 'object' || timer === null) return
  const properties = timer as Record<symbol, unknown>
  for (const key of Object.getOwnPropertySymbols(timer)) {
    if (typeof properties[key] === 'object') properties[key] = undefined
  }
}
