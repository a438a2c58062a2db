/**
 * Ring blocks: room for the admission times of users with more than 16 of them in the window.
 *
 * All blocks of a limiter have one size. They are carved out of ring pages; a ring page with a block to lend is
 * in a doubly linked list, and one whose blocks are all back goes to the free pages.
 *
 *     ring page      | header 64 B | block | block | ... |
 *     block          | cells x u16 |                  limit <= 64: `ring.ts`
 *                    | 64 x u16 | 64 x u32 |            limit > 64: `bins.ts`
 *
 * A block that came back holds the address of the next such block in its first four bytes.
 */
import { HEADER_SIZE, PAGE_SIZE, Page, pageAt, pageNumber } from './layout'
import { allocate, canAllocate, free } from './memory'

/** Bytes of a block. */
let blockSize: u32 = 0
let blocksPerPage: u32 = 0

/** First page that has a block to lend. */
let lending: u32 = 0

/** Sets the size of blocks in bytes, a multiple of 8. */
export function initBlocks(size: u32): void {
  blockSize = size
  blocksPerPage = <u32>(PAGE_SIZE - HEADER_SIZE) / blockSize
  lending = 0
}

/** Whether there is a block to borrow. */
export function canBorrow(): bool {
  return lending != 0 || canAllocate()
}

/** A block, its bytes unspecified; 0 if memory is exhausted. */
export function borrowBlock(): u32 {
  if (lending == 0) {
    const page = allocate()
    if (page == null) return 0
    page.count = 0
    page.returned = 0
    page.fresh = <u32>(changetype<usize>(page) + HEADER_SIZE)
    link(page)
  }
  const page = pageAt(lending)
  let block = page.returned
  if (block != 0) {
    page.returned = load<u32>(block)
  } else {
    block = page.fresh
    page.fresh = block + blockSize
  }
  page.count++
  if (page.count == blocksPerPage) unlink(page)
  return block
}

/** Takes a block back. */
export function returnBlock(block: u32): void {
  const page = changetype<Page>(<usize>block & ~(PAGE_SIZE - 1))
  if (page.count == blocksPerPage) link(page)
  page.count--
  if (page.count == 0) {
    unlink(page)
    free(page)
    return
  }
  store<u32>(block, page.returned)
  page.returned = block
}

function link(page: Page): void {
  page.previous = 0
  page.next = lending
  if (lending != 0) pageAt(lending).previous = pageNumber(page)
  lending = pageNumber(page)
}

function unlink(page: Page): void {
  if (page.previous != 0) pageAt(page.previous).next = page.next
  else lending = page.next
  if (page.next != 0) pageAt(page.next).previous = page.previous
}
