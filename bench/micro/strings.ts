/**
 * Ids as they come: the same strings again, new ones, ones cut out of a larger text, wide ones, long ones. All but the
 * first are made anew for each batch, before it is timed.
 */
import { IdMaker, makeIds } from '../ids.js'

/** Gives the ids of a batch, one for each user of `order`. */
export type IdSource = () => readonly string[]

const LONG = 1000

export function sameStrings(order: Uint32Array, users: number): IdSource {
  const ids = makeIds('uuid', users)
  const ofBatch = Array.from(order, (user) => ids[user]!)
  return () => ofBatch
}

export function newStrings(order: Uint32Array): IdSource {
  const maker = new IdMaker('uuid', order.length)
  maker.prepare(order, 0, order.length)
  return () => {
    maker.make()
    return maker.strings
  }
}

/** V8 makes slices of the text, since ids have 13 characters or more. */
export function slices(order: Uint32Array): IdSource {
  const bytes = Buffer.from([...newStrings(order)()].join(''), 'latin1')
  return cutter(order.length, bytes.length / order.length, () => {
    const text = bytes.toString('latin1')
    return (start, end) => text.slice(start, end)
  })
}

/** Characters that take two bytes in V8. */
export function wideStrings(order: Uint32Array): IdSource {
  const text = newStrings(order)()
    .map((id) => `ж${id}`)
    .join('')
  const bytes = Buffer.from(text, 'utf16le')
  return cutter(order.length, text.length / order.length, () => (start, end) => {
    return bytes.toString('utf16le', 2 * start, 2 * end)
  })
}

export function longStrings(order: Uint32Array): IdSource {
  const text = newStrings(order)()
    .map((id) => id.padEnd(LONG, '.'))
    .join('')
  const bytes = Buffer.from(text, 'latin1')
  return cutter(order.length, LONG, () => (start, end) => bytes.toString('latin1', start, end))
}

/** Cuts ids of one length, which lie one after the other, anew for each batch. */
function cutter(count: number, length: number, open: () => (start: number, end: number) => string): IdSource {
  const ids = new Array<string>(count).fill('')
  return () => {
    const cut = open()
    for (let at = 0; at < count; at++) ids[at] = cut(at * length, (at + 1) * length)
    return ids
  }
}
