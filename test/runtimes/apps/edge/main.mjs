// A host that runs edge functions: it compiles the core itself and hands it to code that may not.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { EdgeVM } from '@edge-runtime/vm'

const require = createRequire(import.meta.url)
const code = readFileSync(require.resolve('spillway'), 'utf8')
const core = new WebAssembly.Module(readFileSync(require.resolve('spillway/core.wasm')))

const vm = new EdgeVM({ codeGeneration: { strings: false, wasm: false } })
const exported = vm.evaluate(`(() => { const module = { exports: {} }; ${code}\n return module.exports })()`)
assert.equal(vm.evaluate('WebAssembly') !== WebAssembly, true)

for (const limiter of [
  exported.createLimiter({ module: core, limit: 1 }),
  await exported.loadLimiter({ module: core, limit: 1 }),
]) {
  assert.deepEqual([limiter.isAllowed('a'), limiter.isAllowed('a')], [true, false])
  limiter.close()
}
assert.throws(() => exported.createLimiter(), /does not compile WebAssembly synchronously/)
await assert.rejects(exported.loadLimiter(), /disallowed/)
