// An app that imports the package, and has a dependency that requires it.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import * as imported from 'spillway'

console.log(process.version)
const required = createRequire(import.meta.url)('spillway')
assert.notEqual(imported.loadLimiter, required.loadLimiter)
assert.deepEqual(Object.keys(required).sort(), Object.keys(imported).sort())
const limiters = [imported.createLimiter({ limit: 1 }), required.createLimiter({ limit: 1 })]
for (const limiter of limiters) {
  assert.deepEqual([limiter.isAllowed('a'), limiter.isAllowed('a')], [true, false])
}
limiters[0].close()
assert.equal(limiters[1].isAllowed('b'), true)
