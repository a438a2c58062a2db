/** `require` and `import` on the oldest Node that the package supports, and on the one that runs this. */
import { nodeBinary } from '../driver/processes.mjs'
import { installBinary, run } from '../driver/tools.mjs'
import { OLDEST_NODE } from '../driver/versions.mjs'

export const app = {}

export const checks = {
  'require, Node 20.0.0': (folder) => runOn(oldest(), folder, 'required.cjs', 'v20.0.0'),
  'import, Node 20.0.0': (folder) => runOn(oldest(), folder, 'imported.mjs', 'v20.0.0'),
  'both in one process, Node 20.0.0': (folder) => runOn(oldest(), folder, 'both.mjs', 'v20.0.0'),
  'require, this Node': (folder) => runOn(process.execPath, folder, 'required.cjs', process.version),
  'require, Node 24': (folder) => runOn(nodeBinary(24), folder, 'required.cjs', 'v24.'),
}

function oldest() {
  return installBinary(OLDEST_NODE, process.platform === 'win32' ? 'bin/node.exe' : 'bin/node')
}

async function runOn(binary, folder, file, version) {
  const { stdout } = await run(await binary, [file], { cwd: folder, timeout: 30_000 })
  if (!stdout.startsWith(version)) throw new Error(`it ran on ${stdout}, not on ${version}`)
}
