/** Runs the suite on the bundled file, in a page or a worker. */
import { checkTogether, createLimiter, loadLimiter, manualClock } from '/spillway.min.js'
import trace from '/trace.mjs'
import { runConformance } from '../conformance.mjs'

const runtime = new URLSearchParams(location.search).get('runtime')

const loadModule = () => WebAssembly.compileStreaming(fetch('/core.wasm'))

/** The report of the suite. */
export const report = runConformance({
  checkTogether,
  createLimiter,
  loadLimiter,
  manualClock,
  loadModule,
  runtime,
  trace,
})
