/** Jest: CommonJS without flags, ts-jest, jsdom, and ES modules. */
import { run } from '../driver/tools.mjs'
import { JEST, NODE_TYPES } from '../driver/versions.mjs'

export const app = { tools: [...JEST, NODE_TYPES], type: 'commonjs' }

export const checks = {
  'CommonJS, no flags': (folder) => jest(folder, ['--selectProjects', 'commonjs']),
  'ts-jest': (folder) => jest(folder, ['--selectProjects', 'ts-jest']),
  jsdom: (folder) => jest(folder, ['--selectProjects', 'jsdom']),
  'ES modules': (folder) => jest(folder, ['--selectProjects', 'esm'], MODULES),
  'CommonJS, a mere import under --detectLeaks': (folder) =>
    jest(folder, ['--selectProjects', 'import-commonjs', '--detectLeaks']),
  'ES modules, a mere import under --detectLeaks': (folder) =>
    jest(folder, ['--selectProjects', 'import-esm', '--detectLeaks'], MODULES),
}

const MODULES = '--experimental-vm-modules --no-warnings'

async function jest(folder, args, nodeOptions = '') {
  const env = { ...process.env, NODE_OPTIONS: nodeOptions, CI: 'true' }
  const cli = `${folder}/node_modules/jest/bin/jest.js`
  const { stderr } = await run(process.execPath, [cli, '--runInBand', ...args], { cwd: folder, env, timeout: 120_000 })
  if (!/^Tests: +\d+ passed, \d+ total$/m.test(stderr)) throw new Error(stderr)
  // What Jest says when timers or handles are left behind.
  if (/did not exit|open handle/i.test(stderr)) throw new Error(stderr)
}
