/** Ids that are kept for long: without the texts that they were cut out of. */

/** V8 makes a part of a string of this length or more a slice, which keeps the whole string alive. */
const SHORTEST_SLICE = 13

/**
 * The same id in memory of its own, so that one who keeps short ids does not keep the long texts alive that they come from.
 * Engines keep names of properties so. V8 also lets `id` itself refer to that memory from then on, so that the same string
 * is found again by its address, as no copy made by hand would be.
 */
export function flat(id: string): string {
  if (id.length >= SHORTEST_SLICE) for (const name in { [id]: true }) return name
  return id
}
