/**
 * A ring in a block: the admissions of a user with more than 16 of them in the window, one a cell, under a limit of up to
 * 64. Its user keeps the oldest of them.
 *
 *     user    | front: the oldest, up to 14 x u16, from `head` on |
 *     block   | ... | `behind`: the next | ... | the newest | ... |       `blockCells` x u16, round the end
 *
 * The block is memory of its own, so a decision keeps off it: the oldest cells are brought forward to the user, up to 14 at
 * a time, and it is there that the next decisions see what has expired. Only new cells are written to the block.
 */

import { inlineCell } from './inline-cells'
import { FRONT_CELLS, INLINE_CELLS, User } from './layout'
import { limit } from './quota'

/** Where the `index`th oldest cell is. */
export function ringCellAt(user: User, index: u32): usize {
  if (index < <u32>user.front) return inlineCell(user, <u32>user.head + index)
  let cell = <u32>user.behind + index - user.front
  if (cell >= limit) cell -= limit
  return <usize>user.block + ((<usize>cell) << 1)
}

/** Drops the oldest `expired` cells, of more. */
export function dropFromRing(user: User, expired: u32): void {
  user.cells -= <u8>expired
  if (expired < <u32>user.front) {
    user.head += <u8>expired
    user.front -= <u8>expired
  } else {
    bringForward(user, expired - user.front)
  }
}

/** Empties the front, whose cells are still in the block as well. */
export function putFrontBack(user: User): void {
  user.behind = <u8>((<u32>user.behind + limit - user.front) % limit)
  user.front = 0
  user.head = 0
}

/** Adds `places` admissions. */
export function pushToRing(user: User, places: u32, entry: u32): void {
  for (let i: u32 = 0; i < places; i++) {
    user.cells++
    store<u16>(ringCellAt(user, user.cells - 1), entry)
  }
  assert(<u32>user.cells <= limit)
}

/** Moves the inline admissions to a block. */
export function startRing(user: User, block: u32): void {
  for (let cell: u32 = 0; cell < <u32>user.cells; cell++) {
    store<u16>(
      <usize>block + ((<usize>cell) << 1),
      load<u16>(inlineCell(user, (<u32>user.head + cell) & (INLINE_CELLS - 1))),
    )
  }
  user.block = block
  user.behind = 0
  user.front = 0
  bringForward(user, 0)
}

/** Drops what is left of the front and the oldest `expired` cells of the block, and fills the front again. */
function bringForward(user: User, expired: u32): void {
  user.behind = <u8>((<u32>user.behind + expired) % limit)
  user.front = 0
  const front = min(FRONT_CELLS, <u32>user.cells)
  for (let cell: u32 = 0; cell < front; cell++) store<u16>(inlineCell(user, cell), load<u16>(ringCellAt(user, cell)))
  user.behind = <u8>((<u32>user.behind + front) % limit)
  user.front = <u8>front
  user.head = 0
}
