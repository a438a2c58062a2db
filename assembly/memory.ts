/**
 * Pages of 4 KB: allocate and free, in a linear memory that never shrinks.
 *
 * Pages are carved from the memory in order and, once freed, kept on a list to be used again before more are
 * carved. A page that was never carved was never touched, and takes no resident memory. The memory is grown at
 * loading and by the timer (`growAhead`); `allocate` grows it only when it would otherwise fail, and counts that.
 */
import { PAGE_SHIFT, Page, pageAt, pageNumber } from './layout'

/** Pages of 4 KB in one page of WebAssembly memory (64 KB). */
const PER_WASM_PAGE: u32 = 16

/** Growing within a decision takes this many wasm pages, one megabyte: few, since the pause lengthens with them. */
const FORCED_GROWTH: i32 = 16

/** The most wasm pages of a 32-bit memory, less one, so that no address overflows. */
const MOST_WASM_PAGES: u32 = 65535

let nextPage: u32 = 0
let freePage: u32 = 0
let freePages: u32 = 0

/** Pages in use. */
export let usedPages: u32 = 0

/** The most pages that were in use at once, in this instance or those before it. */
export let peakPages: u32 = 0

/** How often memory had to grow inside a decision. */
export let forcedGrowths: u32 = 0

/** Starts the pages at `start` and reserves `pages` of them. False if there is not so much memory. */
export function initPages(start: usize, pages: u32): bool {
  nextPage = <u32>((start + (1 << PAGE_SHIFT) - 1) >> PAGE_SHIFT)
  const wanted = (nextPage + pages) / PER_WASM_PAGE + 1
  if (wanted > MOST_WASM_PAGES) return false
  const more = <i32>wanted - memory.size()
  return more <= 0 || memory.grow(more) >= 0
}

/** A page, its bytes unspecified; null if memory is exhausted. */
export function allocate(): Page | null {
  let page: Page
  if (freePage != 0) {
    page = pageAt(freePage)
    freePage = page.next
    freePages--
  } else {
    if (nextPage >= endPage()) {
      if (!grow(FORCED_GROWTH)) return null
      forcedGrowths++
    }
    page = pageAt(nextPage++)
  }
  usedPages++
  if (usedPages > peakPages) peakPages = usedPages
  return page
}

/** Takes a page back. */
export function free(page: Page): void {
  page.next = freePage
  freePage = pageNumber(page)
  freePages++
  usedPages--
}

/** Goes on from the most pages that another instance had in use. */
export function resumePages(pages: u32): void {
  peakPages = pages
}

/** Pages ever used: what may be resident. */
export function touchedPages(): u32 {
  return usedPages + freePages
}

/** Keeps a quarter of what is in use in reserve, growing by half of what is in use when it is less. */
export function growAhead(): void {
  const reserve = endPage() - nextPage + freePages
  if (reserve < usedPages >> 2) grow(<i32>(usedPages / 2 / PER_WASM_PAGE + 1))
}

function endPage(): u32 {
  return <u32>memory.size() * PER_WASM_PAGE
}

function grow(wasmPages: i32): bool {
  const room = <i32>MOST_WASM_PAGES - memory.size()
  return room > 0 && memory.grow(min(wasmPages, room)) >= 0
}
