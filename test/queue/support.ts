/** What tests of queues share: fakes of time are theirs. */
import type { Limiter, LimiterOptions } from '../../src/index.js'
import { createLimiter } from '../../src/index.js'

/** A limiter without tokens and without a timer of its own, so that all timers are the queue's. */
export function limiterOf(options: LimiterOptions = {}): Limiter {
  return createLimiter({ limit: 2, windowMs: 1000, burst: { capacity: 0 }, sweepIntervalMs: 0, ...options })
}

/** Lets all microtasks run that are there, and those that they make. */
export async function settle(): Promise<void> {
  for (let step = 0; step < 20; step++) await undefined
}

/** Notes how promises end, in that order. */
export function notes() {
  const ended: string[] = []
  const errors: Record<string, unknown> = {}
  return {
    ended,
    errors,
    note(name: string, promise: Promise<unknown>) {
      promise.then(
        () => ended.push(name),
        (error) => {
          ended.push(`${name}: ${error?.code ?? error}`)
          errors[name] = error
        },
      )
    },
    /** What has ended since it was asked last. */
    async take(): Promise<string[]> {
      await settle()
      return ended.splice(0)
    },
  }
}

/** A job that runs until it is told to end. */
export function openJob() {
  let end!: () => void
  const done = new Promise<void>((resolve) => {
    end = resolve
  })
  return { run: () => done, end }
}
