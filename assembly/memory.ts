/**
 * Pages of 4 KB: allocate and free, in a linear memory that never shrinks.
 *
 * Pages are carved from the memory in order and, once freed, kept on a list to be used again before more are carved. A
 * page that was never carved was never touched, and takes no resident memory. Memory grows by the timer, ahead of need
 * (`growAhead`); `allocate` and `allocateRun` grow it only when they would otherwise fail, and count that.
 *
 *     used | used | free | used | free | used | nextPage: carved next | ... | endPage: grown so far | ...
 *
 * Invariant: `usedPages + freePages` pages are carved.
 */
import { ask, LOW_RESERVE } from './attention'
import { FIRST_PAGE, Page, pageAt, pageNumber } from './layout'

/** Pages of 4 KB in one page of WebAssembly memory (64 KB). */
const PER_WASM_PAGE: u32 = 16

/** The first growth within a decision, in wasm pages: a megabyte. */
const FIRST_GROWTH: u32 = 16

/** What a limiter with few users may have in reserve, in pages: two megabytes. */
const RESERVE: u32 = 512

/** The most wasm pages of a 32-bit memory, less one, so that no address overflows. */
const MOST_WASM_PAGES: u32 = 65535

let nextPage: u32 = 0
let freePage: u32 = 0
let freePages: u32 = 0

/** Pages in use. */
export let usedPages: u32 = 0

/** The most pages that were in use at once, in this instance or those before it. */
export let peakPages: u32 = 0

/** How often memory had to grow inside a decision, beyond the first megabyte. */
export let forcedGrowths: u32 = 0

/**
 * Starts the pages, with as little memory as can be: room for some hundred users. Whoever comes with more has the first
 * megabyte at once, since thousands may come in the first turn of the event loop, before any timer. False if there is none.
 */
export function initMemory(): bool {
  nextPage = FIRST_PAGE
  return memory.grow(1) >= 0
}

/** A page, its bytes unspecified; null if memory is exhausted. */
export function allocate(): Page | null {
  let page: Page
  if (freePage != 0) {
    page = pageAt(freePage)
    freePage = page.next
    freePages--
  } else {
    if (!reserve(1)) return null
    page = pageAt(nextPage++)
  }
  countUsed(1)
  return page
}

/** The number of the first of so many pages in a row, never used before and so all zeros; 0 if memory is exhausted. */
export function allocateRun(pages: u32): u32 {
  if (!reserve(pages)) return 0
  const first = nextPage
  nextPage += pages
  countUsed(pages)
  return first
}

/** Takes a page back. */
export function free(page: Page): void {
  page.next = freePage
  freePage = pageNumber(page)
  freePages++
  usedPages--
}

/** Takes a run of pages back. */
export function freeRun(first: u32, pages: u32): void {
  for (let page: u32 = 0; page < pages; page++) free(pageAt(first + page))
}

/** Whether `allocate` would give a page. It may grow memory to find out, which nobody can tell. */
export function canAllocate(): bool {
  return freePage != 0 || reserve(1)
}

/** Whether `allocateRun` would give so many. It may grow memory to find out. */
export function canAllocateRun(pages: u32): bool {
  return reserve(pages)
}

/** Goes on from the most pages that another instance had in use. */
export function resumePages(pages: u32): void {
  peakPages = max(peakPages, pages)
}

/** Pages ever used: what may be resident. */
export function touchedPages(): u32 {
  return usedPages + freePages
}

/** Grows memory if little is left: by half of what is in use, or more if that is little. To be called off the decision path. */
export function growAhead(): void {
  if (isLow()) grow(max(usedPages / 2, min(4 * usedPages, RESERVE)) / PER_WASM_PAGE + 1)
}

function countUsed(pages: u32): void {
  usedPages += pages
  if (usedPages > peakPages) peakPages = usedPages
  if (isLow()) ask(LOW_RESERVE)
}

/** Whether less is left than a quarter of what is in use; where little is, than twice that, up to two megabytes. */
function isLow(): bool {
  return endPage() - nextPage + freePages < max(usedPages >> 2, min(2 * usedPages, RESERVE))
}

/** Has so many pages that were never carved. False if memory is exhausted. */
function reserve(pages: u32): bool {
  const end = nextPage + pages
  if (end <= endPage()) return true
  const needed = (end - endPage() - 1) / PER_WASM_PAGE + 1
  const size = <u32>memory.size()
  // By half of what there is: growing takes as long whatever comes, but the engine may collect garbage each time.
  if (!grow(max(needed, max(size / 2, FIRST_GROWTH))) && !grow(needed)) return false
  if (size >= FIRST_GROWTH) forcedGrowths++
  return true
}

function endPage(): u32 {
  return <u32>memory.size() * PER_WASM_PAGE
}

function grow(wasmPages: u32): bool {
  return <u32>memory.size() + wasmPages <= MOST_WASM_PAGES && memory.grow(wasmPages) >= 0
}
