/**
 * Option values: parsers that give the number, or one line that says what is accepted, and the options that both
 * commands share.
 */
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import type { Quota, Range } from '../../limiter/index.js'
import { DEFAULT_QUOTA, QUOTA_RANGES } from '../../limiter/index.js'
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

/** The values of the options that `addQuotaOptions` adds. */
export interface QuotaArguments {
  readonly limit: number
  /** In milliseconds. */
  readonly window: number
  readonly burst: number
  readonly refill: number
}

/** Adds the options that say what one user may take. Ranges and defaults are the limiter's own. */
export function addQuotaOptions(command: Command): Command {
  const { limit, windowMs, capacity, refillPerSecond } = DEFAULT_QUOTA
  return command
    .option('-l, --limit <count>', 'base admissions of a user in any window', numberIn(QUOTA_RANGES.limit), limit)
    .option('-w, --window <ms>', 'length of the window in milliseconds', numberIn(QUOTA_RANGES.windowMs), windowMs)
    .option(
      '-b, --burst <tokens>',
      'most burst tokens of a user; 0 for none',
      numberIn(QUOTA_RANGES.capacity),
      capacity,
    )
    .option(
      '-r, --refill <tokens>',
      'burst tokens earned by a second of inactivity',
      numberIn(QUOTA_RANGES.refillPerSecond),
      refillPerSecond,
    )
}

/** The quota that the options name. */
export function quotaFrom({ limit, window, burst, refill }: QuotaArguments): Quota {
  return { limit, windowMs: window, capacity: burst, refillPerSecond: refill }
}
