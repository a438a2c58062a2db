/**
 * What one would write by hand: a Map and thirty lines. Each reads the clock that Spillway reads unless it is given
 * another, and each removes idle users from a timer every five seconds by walking the whole Map, as such code does.
 */
import type { Subject, SubjectOptions, SubjectSpec, SyncSubject } from './subject.js'
import { LIMIT, WINDOW_MS } from './subject.js'

const SWEEP_MS = 5000
const CAPACITY = 100
const REFILL_PER_MS = 1 / 1000

const systemClock = () => performance.now()

type Parts = Omit<SyncSubject, 'kind' | 'close'> & { sweep?: () => void }

export const BASELINES: readonly SubjectSpec[] = [
  baseline({
    name: 'map-slots',
    label: 'Map to slots, GCRA',
    use: 'Map from id to a slot of a Float64Array that doubles when full; one arrival time a user',
    make: mapSlots,
  }),
  baseline({
    name: 'map-fixed',
    label: 'Map, fixed window + bucket',
    use: 'Map from id to `{ start, count, tokens, last }`',
    hasTokens: true,
    make: mapFixed,
  }),
  baseline({
    name: 'map-fixed-date',
    label: 'Map, fixed window + bucket, `Date.now`',
    use: 'the same on `Date.now()`, a cheaper clock that is not monotonic',
    hasTokens: true,
    make: (options) => mapFixed({ ...options, clock: options.clock ?? (() => Date.now()) }),
  }),
  baseline({
    name: 'map-gcra',
    label: 'Map, GCRA',
    use: 'Map from id to the theoretical arrival time',
    make: mapGcra,
  }),
  baseline({
    name: 'map-log',
    label: 'Map, sliding log',
    use: 'Map from id to an array of admission times: exact',
    make: mapLog,
  }),
]

/** What a decision costs at the least: no limiter at all. */
export const FLOOR: readonly SubjectSpec[] = [
  floor({
    name: 'null',
    label: 'null limiter',
    use: '`Map.get`, `Map.set` of a newcomer, and a clock read: decides nothing',
    readsClock: true,
    make: nullLimiter,
  }),
  floor({
    name: 'clock',
    label: 'clock read alone',
    use: '`performance.now()` and nothing else',
    readsClock: true,
    make: ({ clock = systemClock }) => ({ decide: () => clock() > 0, size: () => undefined }),
  }),
  floor({
    name: 'empty',
    label: 'empty loop',
    use: 'reads the id from the array and the length of it',
    readsClock: false,
    make: () => ({ decide: (id) => id.length > 0, size: () => undefined }),
  }),
]

interface Draft {
  readonly name: string
  readonly label: string
  readonly use: string
  /** Default: it has none. */
  readonly hasTokens?: boolean
  readonly make: (options: SubjectOptions) => Parts
}

function baseline({ make, hasTokens = false, ...rest }: Draft): SubjectSpec {
  return {
    ...rest,
    hasTokens,
    group: 'baseline',
    packages: [],
    readsClock: true,
    takesClock: true,
    beyond: '',
    forgetsAfterMs: SWEEP_MS + WINDOW_MS,
    create: (options) => Promise.resolve(assemble(make(options))),
  }
}

function floor({ make, ...rest }: Draft & { readonly readsClock: boolean }): SubjectSpec {
  return {
    ...rest,
    group: 'floor',
    packages: [],
    takesClock: rest.readsClock,
    hasTokens: false,
    beyond: '',
    forgetsAfterMs: undefined,
    create: (options) => Promise.resolve(assemble(make(options))),
  }
}

function assemble({ sweep, ...parts }: Parts): Subject {
  const timer = sweep && setInterval(sweep, SWEEP_MS)
  timer?.unref()
  return { kind: 'sync', ...parts, close: () => clearInterval(timer) }
}

interface FixedUser {
  start: number
  count: number
  tokens: number
  last: number
}

function mapFixed({ clock = systemClock, windowMs, burst }: SubjectOptions): Parts {
  const paceMs = windowMs / LIMIT
  const users = new Map<string, FixedUser>()
  const origin = clock()
  const capacity = burst ? CAPACITY : 0
  return {
    decide(id) {
      const now = clock()
      let user = users.get(id)
      if (user === undefined) {
        user = { start: now, count: 0, tokens: Math.min(capacity, (now - origin) * REFILL_PER_MS), last: now }
        users.set(id, user)
      } else {
        const gap = now - user.last
        if (gap > paceMs) user.tokens = Math.min(capacity, user.tokens + gap * REFILL_PER_MS)
        user.last = now
        if (now - user.start >= windowMs) {
          user.start = now
          user.count = 0
        }
      }
      if (user.count < LIMIT) {
        user.count++
        return true
      }
      if (user.tokens < 1) return false
      user.tokens--
      return true
    },
    size: () => users.size,
    sweep() {
      const now = clock()
      for (const [id, { start }] of users) if (now - start >= windowMs) users.delete(id)
    },
  }
}

function mapGcra({ clock = systemClock, windowMs }: SubjectOptions): Parts {
  const paceMs = windowMs / LIMIT
  const arrivals = new Map<string, number>()
  return {
    decide(id) {
      const now = clock()
      const arrival = arrivals.get(id)
      if (arrival === undefined || arrival < now) {
        arrivals.set(id, now + paceMs)
        return true
      }
      if (arrival - now > windowMs - paceMs) return false
      arrivals.set(id, arrival + paceMs)
      return true
    },
    size: () => arrivals.size,
    sweep() {
      const now = clock()
      for (const [id, arrival] of arrivals) if (arrival <= now) arrivals.delete(id)
    },
  }
}

function mapSlots({ clock = systemClock, windowMs }: SubjectOptions): Parts {
  const paceMs = windowMs / LIMIT
  const slots = new Map<string, number>()
  const free: number[] = []
  let used = 0
  let arrivals = new Float64Array(1024)
  const newSlot = () => {
    const slot = free.pop() ?? used++
    if (slot === arrivals.length) {
      const grown = new Float64Array(2 * arrivals.length)
      grown.set(arrivals)
      arrivals = grown
    }
    return slot
  }
  return {
    decide(id) {
      const now = clock()
      let slot = slots.get(id)
      if (slot === undefined) {
        slot = newSlot()
        slots.set(id, slot)
        arrivals[slot] = now + paceMs
        return true
      }
      const arrival = arrivals[slot]!
      if (arrival < now) {
        arrivals[slot] = now + paceMs
        return true
      }
      if (arrival - now > windowMs - paceMs) return false
      arrivals[slot] = arrival + paceMs
      return true
    },
    size: () => slots.size,
    sweep() {
      const now = clock()
      for (const [id, slot] of slots) {
        if (arrivals[slot]! > now) continue
        slots.delete(id)
        free.push(slot)
      }
    },
  }
}

function mapLog({ clock = systemClock, windowMs }: SubjectOptions): Parts {
  const logs = new Map<string, number[]>()
  return {
    decide(id) {
      const now = clock()
      const log = logs.get(id)
      if (log === undefined) {
        logs.set(id, [now])
        return true
      }
      while (log.length > 0 && log[0]! <= now - windowMs) log.shift()
      if (log.length >= LIMIT) return false
      log.push(now)
      return true
    },
    size: () => logs.size,
    sweep() {
      const now = clock()
      for (const [id, log] of logs) if (log.length === 0 || log.at(-1)! <= now - windowMs) logs.delete(id)
    },
  }
}

function nullLimiter({ clock = systemClock }: SubjectOptions): Parts {
  const users = new Map<string, number>()
  return {
    decide(id) {
      const now = clock()
      if (users.get(id) === undefined) users.set(id, 1)
      return now > 0
    },
    size: () => users.size,
  }
}
