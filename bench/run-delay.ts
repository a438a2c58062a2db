/**
 * How long the main thread has waited for a processor, as Linux counts it. It tells a pause of the limiter from one of
 * the machine, which ran something else meanwhile.
 */
import { openSync, readSync } from 'node:fs'

const SPACE = 0x20
const DIGIT_0 = 0x30

/** Gives the wait since the process began, in milliseconds, or `undefined` where the platform does not count it. */
export function runDelayReader(): () => number | undefined {
  let file: number
  try {
    file = openSync('/proc/self/schedstat', 'r')
  } catch {
    return () => undefined
  }
  const text = Buffer.alloc(96)
  return () => {
    const length = readSync(file, text, 0, text.length, 0)
    // Three numbers: time on a processor, time waiting for one, both in nanoseconds, and how often it got one.
    let at = text.indexOf(SPACE) + 1
    let nanoseconds = 0
    for (; at < length && text[at] !== SPACE; at++) nanoseconds = 10 * nanoseconds + text[at]! - DIGIT_0
    return nanoseconds / 1e6
  }
}
