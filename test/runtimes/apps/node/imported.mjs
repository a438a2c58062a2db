// An app in ES modules.
import assert from 'node:assert/strict'
import { createLimiter, loadLimiter } from 'spillway'

console.log(process.version)
for (const limiter of [createLimiter({ limit: 1 }), await loadLimiter({ limit: 1 })]) {
  assert.deepEqual([limiter.isAllowed('a'), limiter.isAllowed('a')], [true, false])
}
