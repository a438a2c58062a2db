/**
 * What must hold of a subject before it is timed: a benchmark of wrong answers is worth nothing.
 */
import type { Subject, SubjectSpec } from './subjects/subject.js'
import { LIMIT } from './subjects/subject.js'

/** Requests sent at once. */
const SENT = 60

/** A subject that drips admits one more if the clock ran on while they were sent. */
const SLACK = 1

/**
 * Checks on an instance of its own that a user who sends too much is limited, and another user is not.
 *
 * @throws {Error} if not
 */
export async function checkAnswers(spec: SubjectSpec, windowMs: number, clock?: () => number): Promise<void> {
  const subject = await spec.create({ users: 1000, windowMs, clock, burst: false })
  const admitted = await admittedOf(subject, 'somebody-who-sends-too-much', SENT)
  const other = await admittedOf(subject, 'somebody-else', 1)
  subject.close()
  const limited = spec.group !== 'floor'
  const fits = limited ? admitted >= LIMIT && admitted <= LIMIT + SLACK : admitted === SENT
  if (!fits || other !== 1) {
    throw new Error(`${spec.name} admitted ${admitted} of ${SENT} requests of a user, and ${other} of 1 of another`)
  }
}

/** A population that came, one request each. */
interface Arrival {
  readonly users: number
  readonly windowMs: number
  readonly admitted: number
  readonly tookMs: number
}

/**
 * Checks that a first request of each user was admitted, and that the subject keeps all of them. If they took longer than
 * a window to come, the first of them may be gone.
 *
 * @throws {Error} if not
 */
export function checkPopulation(
  spec: SubjectSpec,
  subject: Subject,
  { users, windowMs, admitted, tookMs }: Arrival,
): void {
  if (admitted !== users) throw new Error(`${spec.name} admitted ${admitted} of ${users} first requests`)
  const size = subject.size()
  if (size === undefined || size === users || (tookMs > windowMs && size < users)) return
  throw new Error(`${spec.name} keeps ${size} of ${users} users after ${tookMs.toFixed(0)} ms`)
}

async function admittedOf(subject: Subject, id: string, sent: number): Promise<number> {
  let admitted = 0
  for (let request = 0; request < sent; request++) if (await subject.decide(id)) admitted++
  return admitted
}
