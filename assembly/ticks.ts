/**
 * Ticks: the unit in which admissions are remembered, a 30,000th of the window.
 *
 * An admission is rounded up to a whole tick and the present down, so a place is not given back early (but for the last
 * bit of a clock's fractions), and at most two ticks late: not at all where the clock's steps are whole ticks, as whole
 * milliseconds are in a window that divides 30 s, even ones in a minute, whole seconds in five minutes. Ticks are kept
 * modulo 2^16: an entry must not grow older than two windows, which holds because every request of the user drops what has
 * expired, and a gap beyond `clearMs` drops all without looking.
 */
import { TICKS, ticksPerMs, windowMs } from './quota'

/** A time in ticks, with fractions. */
export function ticksAt(time: f64): f64 {
  return ticksPerMs > 0 ? time * ticksPerMs : (time * <f64>TICKS) / windowMs
}

/** The time of a tick, at the least: `floor(ticksAt(time))` is no less than the tick. */
export function timeOf(tick: f64): f64 {
  let time = (tick * windowMs) / <f64>TICKS
  while (floor(ticksAt(time)) < tick) time += ulp(time)
  return time
}

/** The last 16 bits of the present tick, rounded down. */
export function present(ticks: f64): u32 {
  return <u32>(<i64>ticks)
}

/** The entry that an admission leaves: its tick rounded up, of which 16 bits are kept. */
export function entryFor(ticks: f64): u32 {
  return <u32>(<i64>ceil(ticks)) & 0xffff
}

/** How many ticks before `tick` an entry was made: -1, for one just rounded up, or more. */
export function age(entry: u32, tick: u32): i32 {
  return <i32>((tick + 1 - entry) & 0xffff) - 1
}

/** Whether an entry has left the window. */
export function expired(entry: u32, tick: u32): bool {
  return age(entry, tick) >= <i32>TICKS
}

/** The distance from a time, not negative, to the next that a f64 can tell. */
export function ulp(time: f64): f64 {
  return reinterpret<f64>(reinterpret<u64>(time) + 1) - time
}
