/**
 * The directory of the table: for each value of the low `depth` bits of a handle, the number of the page that owns it.
 *
 *     entry 0 | entry 1 | ... | entry 2^depth - 1        u32 each, in the first page or in a run of pages
 *
 * It doubles by appending a copy of itself. A place that is too short for that is left for one twice as long, and the pages
 * of a run then serve the table. It shrinks by forgetting its upper half.
 */
import { FIRST_DIRECTORY, FIRST_DIRECTORY_DEPTH, PAGE_SHIFT, Page, pageAt, pageNumber } from './layout'
import { allocateRun, canAllocateRun, freeRun } from './memory'

/** Entries in a page, as a power of two. */
const PAGE_DEPTH: u32 = 10

let directory: usize = FIRST_DIRECTORY
/** The depth that there is room for. */
let roomDepth: u32 = FIRST_DIRECTORY_DEPTH

/** How many low bits of a handle the directory goes by. */
export let depth: u32 = 0

/** Bytes that its entries take. */
function directoryBytes(): usize {
  return (<usize>4) << depth
}

/** The page that a directory index, of which only the low bits count, names. */
export function pageAtIndex(index: u32): Page {
  return pageAt(load<u32>(entryAt(index & ((1 << depth) - 1))))
}

/** Whether `double` would double it, and leave a page. It may grow memory to find out. */
export function canDouble(): bool {
  return depth < roomDepth || canAllocateRun(runPages(depth + 1) + 1)
}

/** Doubles the directory. False if memory is exhausted. */
export function double(): bool {
  if (depth == roomDepth && !moveToRun(depth + 1)) return false
  memory.copy(directory + directoryBytes(), directory, directoryBytes())
  depth++
  return true
}

/** Forgets the upper half, which names the same pages as the lower one. */
export function halve(): void {
  depth--
}

/** Writes the page's number to every entry that its prefix owns. */
export function name(page: Page): void {
  const step: u32 = 1 << page.depth
  const number = pageNumber(page)
  for (let index = page.prefix; index < 1 << depth; index += step) store<u32>(entryAt(index), number)
}

function entryAt(index: u32): usize {
  return directory + ((<usize>index) << 2)
}

function moveToRun(newDepth: u32): bool {
  const pages = runPages(newDepth)
  const run = allocateRun(pages)
  if (run == 0) return false
  const to = (<usize>run) << PAGE_SHIFT
  memory.copy(to, directory, directoryBytes())
  if (directory != FIRST_DIRECTORY) freeRun(<u32>(directory >> PAGE_SHIFT), runPages(roomDepth))
  directory = to
  roomDepth = max(newDepth, PAGE_DEPTH)
  return true
}

/** Pages of a run that has room for a depth. */
function runPages(forDepth: u32): u32 {
  return forDepth <= PAGE_DEPTH ? 1 : 1 << (forDepth - PAGE_DEPTH)
}
