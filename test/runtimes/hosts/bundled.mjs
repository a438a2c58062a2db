/** The app that bundlers build: the suite, on the package as the bundler finds it. */
import { checkTogether, createLimiter, loadLimiter, manualClock } from 'spillway'
import { Queue } from 'spillway/queue'
import { runConformance } from '../conformance.mjs'

const runtime = 'chromium csp'
const trace = await (await fetch('/trace.json')).json()
const report = await runConformance({
  checkTogether,
  createLimiter,
  loadLimiter,
  manualClock,
  Queue,
  runtime,
  trace,
}).catch((error) => ({
  runtime,
  version: navigator.userAgent,
  passed: 0,
  failed: [String(error)],
  decisionsPerSecond: 0,
}))
await fetch('/report', { method: 'POST', body: JSON.stringify(report) })
