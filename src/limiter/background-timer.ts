/** Timers that nobody waits for: they keep no process alive, and no async context of the caller that happened to set them. */

import { isReal } from './clock.js'

/** The longest delay of a timer, in milliseconds; a longer one would fire at once. */
export const LONGEST_TIMER_MS = 2_147_483_647

/** A timer that was set. */
export interface BackgroundTimer {
  /** Whether fake timers were in force: then it may never fire, since they may go before. */
  readonly faked: boolean
  /** Whether the timers that it was set with are gone. */
  isLost(): boolean
  cancel(): void
}

/**
 * Calls back once, after `delayMs`.
 *
 * @returns undefined where the platform sets no timer: it has none, or not here, as in the global scope of a worker
 */
export function startTimer(callback: () => void, delayMs: number): BackgroundTimer | undefined {
  // Kept, since fake timers complain about timers that are not theirs.
  const { setTimeout, clearTimeout } = globalThis
  let timer: unknown
  try {
    timer = setTimeout(callback, delayMs)
  } catch {
    return undefined
  }
  detach(timer)
  return {
    // Fakes of sinon, on which those of vitest and Jest are built, have their clock on each function.
    faked: !isReal() || 'clock' in setTimeout,
    isLost: () => globalThis.setTimeout !== setTimeout,
    cancel: () => clearTimeout(timer as number),
  }
}

/**
 * Lets the process end though a timer runs, and takes the stores of `AsyncLocalStorage` off it. Timers are objects in Node and
 * Bun, numbers in Deno and browsers.
 *
 * Node has no call for those stores. It keeps them in the timer, under symbols: `kResourceStore` for each storage up to Node 22,
 * `kAsyncContextFrame` for all from Node 24 on. They are the only objects there; the rest are numbers and booleans. Deno and
 * Bun keep them out of reach.
 */
function detach(timer: unknown): void {
  if (typeof timer !== 'object' || timer === null) {
    ;(globalThis as { Deno?: { unrefTimer(id: unknown): void } }).Deno?.unrefTimer(timer)
    return
  }
  const properties = timer as { unref?(): void; [key: symbol]: unknown }
  properties.unref?.()
  for (const key of Object.getOwnPropertySymbols(timer)) {
    if (typeof properties[key] === 'object') properties[key] = undefined
  }
}
