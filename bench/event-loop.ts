/** One turn of the event loop, so that timers that are due run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
