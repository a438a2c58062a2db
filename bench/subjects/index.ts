/**
 * All subjects, in the order of the tables.
 */
import { BASELINES, FLOOR } from './baselines.js'
import { PEERS } from './peers.js'
import { SPILLWAY, SPILLWAY_COARSE } from './spillway.js'
import type { SubjectSpec } from './subject.js'

export const SUBJECTS: readonly SubjectSpec[] = [SPILLWAY, SPILLWAY_COARSE, ...PEERS, ...BASELINES, ...FLOOR]

export function subjectNamed(name: string): SubjectSpec {
  const found = SUBJECTS.find((spec) => spec.name === name)
  if (found) return found
  throw new RangeError(
    `There is no subject ${JSON.stringify(name)}; there are ${SUBJECTS.map((s) => s.name).join(', ')}`,
  )
}
