/**
 * Ids cut out of larger texts, as a service cuts them out of requests. V8 makes a slice that refers to the whole text
 * where an id has 13 characters or more, so a limiter that keeps the id as it came keeps the text too.
 */
import { heapUsed } from '../collected-heap.js'
import { turn } from '../event-loop.js'
import { IdMaker } from '../ids.js'
import { seededRandom } from '../seeded-random.js'
import { subjectNamed } from '../subjects/index.js'
import { WINDOW_MS } from '../subjects/subject.js'

export interface SlicedSetup {
  readonly subject: string
  readonly ids: number
  readonly textBytes: number
  readonly seed: number
}

export interface SlicedResult {
  /** How many were asked about: fewer than there are if the heap grew too much. */
  readonly ids: number
  /** Growth of the JavaScript heap, after a collection. */
  readonly heapBytes: number
}

/** A heap that has grown by so much says enough. */
const GIVE_UP_BYTES = 512 * 2 ** 20
const BATCH = 1000

export async function measureSliced({ subject: name, ids, textBytes, seed }: SlicedSetup): Promise<SlicedResult> {
  const spec = subjectNamed(name)
  const subject = await spec.create({ users: ids, windowMs: WINDOW_MS, burst: true })
  const next = seededRandom(seed)
  const maker = new IdMaker('uuid', BATCH)
  const bytes = Buffer.from(Array.from({ length: textBytes }, () => 0x20 + Math.floor(95 * next())))
  const before = heapUsed()
  let asked = 0
  let growth = 0
  while (asked < ids && growth < GIVE_UP_BYTES) {
    const count = Math.min(BATCH, ids - asked)
    maker.makeRun(asked, count)
    let admitted = 0
    for (let at = 0; at < count; at++) {
      const id = cutOut(bytes, maker.strings[at]!, Math.floor(next() * (textBytes - 64)))
      for (let time = 0; time < 2; time++) if (await subject.decide(id)) admitted++
    }
    if (admitted !== 2 * count)
      throw new Error(`${name} admitted ${admitted} of ${2 * count} first and second requests`)
    asked += count
    await turn()
    growth = heapUsed() - before
  }
  subject.close()
  return { ids: asked, heapBytes: growth }
}

/** The id, as a slice of a text that nothing else refers to. */
function cutOut(bytes: Buffer, id: string, at: number): string {
  bytes.write(id, at, 'latin1')
  return bytes.toString('latin1').slice(at, at + id.length)
}
