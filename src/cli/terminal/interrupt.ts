/**
 * Ctrl-C as a request to stop and report: the first one is told by a signal, a second one ends the process at once.
 */

/** The exit status of a command that Ctrl-C ended: 128 and the number of SIGINT, as shells have it. */
export const INTERRUPTED_STATUS = 130

/** A signal that Ctrl-C aborts, until it is disposed of. */
interface Interrupt extends Disposable {
  readonly signal: AbortSignal
}

/** Listens for Ctrl-C. */
export function catchInterrupt(): Interrupt {
  const controller = new AbortController()
  const abort = () => controller.abort()
  process.once('SIGINT', abort)
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => void process.removeListener('SIGINT', abort),
  }
}
