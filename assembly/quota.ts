/** The quota that all users of the instance have, and what follows from it. */
import { MAX_CELLS } from './layout'

/** Ticks in a window: as many as 16 bits can hold twice, and a number that the windows people choose divide well. */
export const TICKS: u32 = 30000

/** Thousandths of a token, in which tokens are counted: thousandths a millisecond are tokens a second. */
export const TOKEN: f64 = 1000

/** Base admissions in any window. */
export let limit: u32 = 0
export let windowMs: f64 = 0
/** Ticks in a millisecond where they are a whole number, which saves a division; a fraction would round, so 0. */
export let ticksPerMs: f64 = 0
/** The pace of the limit: only a longer gap is inactivity. */
export let paceMs: f64 = 0
/** After such a gap every admission has expired: the window and some ticks, within what 16 bits can tell. */
export let clearMs: f64 = 0
/** Token capacity, in tokens and in thousandths. */
export let capacityTokens: f64 = 0
export let capacity: f64 = 0
/** Tokens a second, which is thousandths a millisecond. */
export let refill: f64 = 0
/** Whether there are more admissions in a window than a block has cells, so that cells are bins. */
export let large: bool = false

/** Sets the quota. */
export function initQuota(newLimit: u32, newWindowMs: f64, tokens: f64, refillPerSecond: f64): void {
  limit = newLimit
  windowMs = newWindowMs
  ticksPerMs = <f64>TICKS / newWindowMs
  if (ticksPerMs != floor(ticksPerMs)) ticksPerMs = 0
  paceMs = newWindowMs / <f64>newLimit
  clearMs = newWindowMs + newWindowMs / 64
  capacityTokens = tokens
  capacity = tokens * TOKEN
  refill = refillPerSecond
  large = newLimit > MAX_CELLS
}
