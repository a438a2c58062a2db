// An app in CommonJS.
const assert = require('node:assert/strict')
const { createLimiter, loadLimiter, secondsToWait } = require('spillway')

console.log(process.version)
const limiter = createLimiter({ limit: 2, windowMs: 60_000 })
assert.deepEqual(
  [1, 2, 3].map(() => limiter.isAllowed('a')),
  [true, true, false],
)
assert.equal(secondsToWait(limiter.check('a').retryAfterMs, 60_000), 60)
assert.equal(require('spillway/min').createLimiter().isAllowed('a'), true)
assert.equal(require('spillway/package.json').name, 'spillway')
const core = new WebAssembly.Module(require('node:fs').readFileSync(require.resolve('spillway/core.wasm')))
loadLimiter({ module: core }).then((loaded) => assert.equal(loaded.isAllowed('a'), true))
