/** The trace of the conformance suite is what the oracle answers today. */
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { ROOT } from '../../package/packed.js'

test('test/runtimes/trace.json is up to date: npm run trace writes it anew', () => {
  const script = `${ROOT}test/runtimes/make-trace.mjs`
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8', timeout: 60_000 })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})
