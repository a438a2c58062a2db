/** The 16 cells that lie in a user itself: u16 each. */
import { INLINE_RING, User } from './layout'

export function inlineCell(user: User, cell: u32): usize {
  return changetype<usize>(user) + INLINE_RING + ((<usize>cell) << 1)
}
