/**
 * Traffic patterns: when a user sends requests. Each is an endless, seeded stream of whole milliseconds that never
 * goes back, scaled to the limit and the window, so that it shows the same thing whatever those are.
 */
import type { Random } from '../../../bench/seeded-random.js'
import type { Quota } from '../../../src/limiter/index.js'

interface Pattern {
  readonly label: string
  readonly hint: string
  /** The times of requests from `start` on. */
  arrivals(quota: Quota, start: number, random: Random): Iterator<number>
}

export type PatternName = keyof typeof PATTERNS

/** Part of a window that the edge-straddling pattern sends the whole limit in, before an edge and again after it. */
const STRADDLE = 0.25

export const PATTERNS = {
  none: {
    label: 'By hand only',
    hint: 'nothing but what you send',
    *arrivals() {},
  },
  steady: {
    label: 'Steady',
    hint: '80% of the limit, evenly spaced',
    arrivals: (quota, start) => evenly(start, spacing(quota, 0.8)),
  },
  above: {
    label: 'Just above',
    hint: '110% of the limit, evenly spaced',
    arrivals: (quota, start) => evenly(start, spacing(quota, 1.1)),
  },
  bursts: {
    label: 'Bursts after idling',
    hint: 'idle for some windows, then 220% of the limit for one',
    *arrivals(quota, start, random) {
      const count = Math.ceil(2.2 * quota.limit)
      for (let from = start; ; from += quota.windowMs) {
        from += Math.round(quota.windowMs * (2 + 3 * random()))
        yield* spread(from, quota.windowMs, count)
      }
    },
  },
  hammer: {
    label: 'Hammering',
    hint: '400% of the limit, never pausing',
    *arrivals(quota, start, random) {
      const gap = spacing(quota, 4)
      for (let time = start; ; time += gap * (0.5 + random())) yield Math.round(time)
    },
  },
  edge: {
    label: 'Edge-straddling',
    hint: 'the whole limit just before an edge of a fixed window, and again just after it',
    *arrivals({ limit, windowMs }, start) {
      const lead = Math.max(1, Math.round(windowMs * STRADDLE))
      const first = Math.ceil((start + lead) / windowMs) * windowMs
      for (let edge = first; ; edge += 3 * windowMs) {
        yield* spread(edge - lead, lead, limit)
        yield* spread(edge, lead, limit)
      }
    },
  },
} satisfies Record<string, Pattern>

export const PATTERN_NAMES = Object.keys(PATTERNS) as PatternName[]

export function isPatternName(name: string): name is PatternName {
  return Object.hasOwn(PATTERNS, name)
}

/** Requests sent while a button is held: twice the limit, evenly spaced. */
export function held(quota: Quota, start: number): Iterator<number> {
  return evenly(start, spacing(quota, 2))
}

/** Milliseconds between requests at so many times the limit. */
function spacing({ limit, windowMs }: Quota, times: number): number {
  return windowMs / limit / times
}

function* evenly(start: number, gap: number): Generator<number> {
  for (let k = 0; ; k++) yield Math.round(start + k * gap)
}

/** So many requests over a length of time that starts at `start`, its end not included. */
function* spread(start: number, lengthMs: number, count: number): Generator<number> {
  for (let k = 0; k < count; k++) yield Math.floor(start + (k * lengthMs) / count)
}
