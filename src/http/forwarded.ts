/**
 * The addresses that proxies add to a request: `X-Forwarded-For`, and `Forwarded` of RFC 7239. Read from the right, since a
 * proxy adds at the right, and what is left of an address that is not a proxy's is anybody's invention.
 */

/** A header that proxies add addresses to. */
export type ForwardingHeader = 'x-forwarded-for' | 'forwarded'

/**
 * The entries of a list from the last to the first, without empty ones. Commas in quotes split too: a client cannot, by a
 * quote that it leaves open, swallow what a proxy adds.
 */
export function* fromTheRight(list: string): Generator<string> {
  for (let end = list.length; end >= 0; ) {
    // With no comma before it, -1: then the entry is the first.
    const start = end === 0 ? 0 : list.lastIndexOf(',', end - 1) + 1
    const entry = list.slice(start, end).trim()
    if (entry !== '') yield entry
    end = start - 1
  }
}

/**
 * The node that an element of `Forwarded` says that a request came from: `for=192.0.2.1`, `for="[2001:db8::1]:80"`.
 *
 * @returns undefined for an element without one or with several, and for one that is not well formed
 */
export function nodeOf(element: string): string | undefined {
  let node: string | undefined
  for (const pair of element.split(';')) {
    const [, name, , value] = /^\s*([\w-]+)=("?)([^"\\\s]*)\2\s*$/.exec(pair) ?? []
    if (name === undefined) return undefined
    if (name.toLowerCase() !== 'for') continue
    if (node !== undefined) return undefined
    node = value
  }
  return node
}
