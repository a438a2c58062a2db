/** Ticks: the unit in which admissions are remembered, as `assembly/ticks.ts` has it. */
import { TICKS } from './abi.js'

/** A time in milliseconds in ticks of a window, with fractions: as the core reckons, to the bit. */
export function ticksAt(time: number, windowMs: number): number {
  const ticksPerMs = TICKS / windowMs
  return Number.isInteger(ticksPerMs) ? time * ticksPerMs : (time * TICKS) / windowMs
}
