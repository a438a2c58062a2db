/**
 * Time that moves only when told to, for limiters that take no clock: `Date`, `performance.now`, timers, and the
 * native clock that one package reads are replaced before the subject is imported.
 */
import { createRequire } from 'node:module'

/** Where faked time starts: a whole second, as wall clocks know it. */
const EPOCH = 1_700_000_000_000

interface Timer {
  due: number
  readonly every: number | undefined
  readonly run: () => void
  cleared: boolean
}

/** What a package gets back from a faked `setTimeout`. */
interface TimerHandle {
  readonly timer: Timer
  ref(): TimerHandle
  unref(): TimerHandle
  hasRef(): boolean
}

export interface FakeTime {
  /** Milliseconds since time was faked. */
  now(): number
  /** Moves time on, running the timers that come due on the way. */
  moveTo(ms: number): void
}

/** Replaces the clocks and timers of this process for good. */
export function fakeTime(): FakeTime {
  let now = 0
  const timers = new Set<Timer>()

  const start = (run: () => void, delay: number, repeat: boolean): TimerHandle => {
    const wait = Math.max(1, delay || 0)
    const timer: Timer = { due: now + wait, every: repeat ? wait : undefined, run, cleared: false }
    timers.add(timer)
    const handle: TimerHandle = { timer, ref: () => handle, unref: () => handle, hasRef: () => false }
    return handle
  }
  const clear = (handle: TimerHandle | undefined) => {
    if (!handle) return
    handle.timer.cleared = true
    timers.delete(handle.timer)
  }

  const RealDate = Date
  class FakeDate extends RealDate {
    constructor(...given: unknown[]) {
      super(...((given.length === 0 ? [EPOCH + now] : given) as [number]))
    }
    static override now(): number {
      return EPOCH + now
    }
  }
  const nanoseconds = () => BigInt(Math.round(now * 1e6))
  const hrtime = () => [Math.floor(now / 1000), Math.round((now % 1000) * 1e6)] as [number, number]
  Object.assign(globalThis, {
    Date: FakeDate,
    setTimeout: (run: () => void, delay: number) => start(run, delay, false),
    setInterval: (run: () => void, delay: number) => start(run, delay, true),
    clearTimeout: clear,
    clearInterval: clear,
  })
  Object.defineProperty(performance, 'now', { value: () => now, configurable: true })
  Object.defineProperty(process, 'hrtime', { value: Object.assign(hrtime, { bigint: nanoseconds }) })
  fakeMicrotime(() => (EPOCH + now) * 1000)

  return {
    now: () => now,
    moveTo(ms) {
      for (;;) {
        const next = earliest(timers, ms)
        if (!next) break
        now = Math.max(now, next.due)
        if (next.every === undefined) timers.delete(next)
        else next.due += next.every
        next.run()
      }
      now = ms
    },
  }
}

function earliest(timers: ReadonlySet<Timer>, until: number): Timer | undefined {
  let found: Timer | undefined
  for (const timer of timers) {
    if (!timer.cleared && timer.due <= until && (!found || timer.due < found.due)) found = timer
  }
  return found
}

/** The clock that rolling-rate-limiter reads comes from a native addon, by way of a module object that can be changed. */
function fakeMicrotime(microseconds: () => number): void {
  const microtime = createRequire(import.meta.url)('microtime') as { now: () => number }
  microtime.now = microseconds
}
