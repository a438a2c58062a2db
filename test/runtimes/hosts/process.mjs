/**
 * Runs the suite as a program of Node, Deno or Bun. The name of the runtime comes as the argument; the report goes to
 * standard output. Last it loads a limiter and leaves it open: that must not keep the process alive.
 */
import { checkTogether, createLimiter, loadLimiter, manualClock } from 'spillway'
import { Queue } from 'spillway/queue'
import { runConformance } from '../conformance.mjs'
import trace from '../trace.json' with { type: 'json' }

const runtime = (globalThis.Deno?.args ?? process.argv.slice(2))[0]
// Deno may not read files here, so only the others load the core by themselves.
const loadModule = globalThis.Deno ? undefined : readCore
const report = await runConformance({
  checkTogether,
  createLimiter,
  loadLimiter,
  manualClock,
  Queue,
  loadModule,
  runtime,
  trace,
})

// Reachable until the end, so that it is not a collected limiter whose timer stops.
globalThis.leftOpen = await loadLimiter({ sweepIntervalMs: 600_000 })
globalThis.leftOpen.isAllowed('a')
console.log(JSON.stringify(report))

async function readCore() {
  const { readFile } = await import('node:fs/promises')
  return WebAssembly.compile(await readFile(new URL(import.meta.resolve('spillway/core.wasm'))))
}
