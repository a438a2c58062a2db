/**
 * The conformance suite: what the packed package must do wherever it runs. It knows no test framework, no file system
 * and no process, imports nothing but its own parts, and gives a report that can be sent as JSON.
 */
import { Checks } from './suite/checks.mjs'
import { checkIdentity, identify } from './suite/identity.mjs'
import {
  checkClosing,
  checkErrors,
  checkFull,
  checkGrowth,
  checkModule,
  checkSweeping,
  checkTwin,
} from './suite/lifecycle.mjs'
import { checkQueue } from './suite/queue.mjs'
import { checkExamples, checkIds, checkTrace, checkVerbs } from './suite/semantics.mjs'
import { measure } from './suite/speed.mjs'

/**
 * Runs the whole suite.
 *
 * @param {object} subject
 * @param {Function} subject.checkTogether what the package exports
 * @param {Function} subject.createLimiter
 * @param {Function} subject.loadLimiter
 * @param {Function} subject.manualClock
 * @param {Function} [subject.Queue] of `spillway/queue`; the one bundled file is without
 * @param {Function} [subject.loadModule] compiles `spillway/core.wasm`, where this can be done
 * @param {string} subject.runtime the name of the runtime that this is expected to be
 * @param {object} subject.trace the content of `trace.json`
 * @param {boolean} [subject.measured] false where clocks stand still and the caller measures from outside
 * @returns {Promise<{runtime: string, version: string, passed: number, failed: string[], decisionsPerSecond: number}>}
 */
export async function runConformance({ runtime, trace, measured = true, ...subject }) {
  const checks = new Checks()
  const parts = {
    identity: () => checkIdentity(checks, runtime),
    trace: () => checkTrace(checks, subject, trace),
    verbs: () => checkVerbs(checks, subject, trace),
    examples: () => checkExamples(checks, subject),
    ids: () => checkIds(checks, subject),
    errors: () => checkErrors(checks, subject),
    growth: () => checkGrowth(checks, subject),
    full: () => checkFull(checks, subject),
    sweeping: () => checkSweeping(checks, subject),
    module: () => checkModule(checks, subject),
    twin: () => checkTwin(checks, subject),
    queue: () => subject.Queue && checkQueue(checks, subject),
    closing: () => checkClosing(checks, subject),
  }
  for (const [name, run] of Object.entries(parts)) await checks.part(name, run)
  let decisionsPerSecond = 0
  if (measured) {
    await checks.part('speed', async () => {
      decisionsPerSecond = await measure(subject)
    })
  }
  return { runtime, version: identify().version, passed: checks.passed, failed: checks.failed, decisionsPerSecond }
}
