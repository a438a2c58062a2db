/**
 * What the core asks of the wrapper's timer. A decision returns these bits beside its verdict, so that the wrapper learns
 * of them without asking, and a decision that has nothing to say costs nothing more.
 */

/** A user was added while no sweep is due. */
export const JOINED: u32 = 2

/** Little memory is left in reserve. */
export const LOW_RESERVE: u32 = 4

let wanted: u32 = 0

/** The bits to be told of. */
export let attention: u32 = 0

/** Tells which bits the wrapper wants to be told of, and takes back those that it does not. */
export function listenFor(bits: u32): void {
  wanted = bits
  attention &= bits
}

/** Asks for attention, if it is wanted. */
export function ask(bit: u32): void {
  attention |= bit & wanted
}
