/**
 * Option values: parsers that give the number, or one line that says what is accepted, and the options that both
 * commands share.
 */
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import type { Quota, Range } from '../../limiter/index.js'
import { createLimiter, DEFAULT_QUOTA, QUOTA_RANGES } from '../../limiter/index.js'
import { grouped } from './format.js'

const WHOLE = /^\d+$/
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** Makes a parser of numbers in a range. */
export function numberIn({ from, to, whole = false }: Range): (text: string) => number {
  const form = whole ? WHOLE : DECIMAL
  return (text) => {
    const value = Number(text)
    if (form.test(text) && value >= from && value <= to) return value
    throw new InvalidArgumentError(
      `It must be a ${whole ? 'whole ' : ''}number from ${grouped(from)} to ${grouped(to)}.`,
    )
  }
}

/** The values of the options that `addQuotaOptions` adds, as far as they are given. */
export interface QuotaArguments {
  readonly limit?: number | undefined
  /** In milliseconds. */
  readonly window?: number | undefined
  readonly burst?: number | undefined
  readonly refill?: number | undefined
}

/** Adds the options that say what one user may take. Ranges and defaults are the limiter's own. */
export function addQuotaOptions(command: Command): Command {
  const { limit, windowMs, capacity, refillPerSecond } = DEFAULT_QUOTA
  const add = (flags: string, what: string, range: Range, byDefault: string | number) =>
    command.option(flags, `${what} (default: ${byDefault})`, numberIn(range))
  add('-l, --limit <count>', 'base admissions of a user in any window', QUOTA_RANGES.limit, limit)
  add('-w, --window <ms>', 'length of the window in milliseconds', QUOTA_RANGES.windowMs, windowMs)
  const tokens = `${capacity}; with --limit or --window none, unless there is --refill`
  add('-b, --burst <tokens>', 'most burst tokens of a user; 0 for none', QUOTA_RANGES.capacity, tokens)
  const refill = 'burst tokens earned by a second of inactivity'
  add('-r, --refill <tokens>', refill, QUOTA_RANGES.refillPerSecond, refillPerSecond)
  return command
}

/** The quota that the options name, as `loadLimiter` would read them. */
export function quotaFrom({ limit, window, burst, refill }: QuotaArguments): Quota {
  const tokens = burst === undefined && refill === undefined ? undefined : { capacity: burst, refillPerSecond: refill }
  // Its own checks and defaults; it takes no memory.
  const { quota, close } = createLimiter({ limit, windowMs: window, burst: tokens, sweepIntervalMs: 0 })
  close()
  return quota
}
