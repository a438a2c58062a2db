/** Runs the suite as a program: of Node, of Deno without any permission, of Bun. */
import { spawn } from 'node:child_process'
import { installBinary } from './tools.mjs'
import { BUN_PACKAGE, DENO_PACKAGE, NODE_PACKAGES } from './versions.mjs'

const LONGEST_RUN_MS = 120_000
/** Time in which a process that has nothing left to do must have ended. */
const LONGEST_END_MS = 5_000

/** The binary of Node of a major version: the one that runs this, if it is of that version. */
export async function nodeBinary(major) {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath
  return installBinary(NODE_PACKAGES[major], process.platform === 'win32' ? 'bin/node.exe' : 'bin/node')
}

export function denoBinary() {
  return installBinary(DENO_PACKAGE, process.platform === 'win32' ? 'deno.exe' : 'deno')
}

export function bunBinary() {
  return installBinary(BUN_PACKAGE, process.platform === 'win32' ? 'bin/bun.exe' : 'bin/bun')
}

export async function runNode(app, name) {
  return runHost(app, await nodeBinary(name.slice('node'.length)), ['hosts/process.mjs', name])
}

/** Nothing is granted: not even reading the files that are not imported. */
export async function runDeno(app, name) {
  return runHost(app, await denoBinary(), [
    'run',
    '--no-prompt',
    '--node-modules-dir=manual',
    'hosts/process.mjs',
    name,
  ])
}

export async function runBun(app, name) {
  return runHost(app, await bunBinary(), ['run', 'hosts/process.mjs', name])
}

/** Runs a host until its end, takes its report from its last line, and adds whether it ended by itself. */
async function runHost(app, binary, args) {
  const env = { ...process.env, DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1', NODE_OPTIONS: '' }
  const child = spawn(binary, args, { cwd: app, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  let reported
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
    if (output.endsWith('}\n')) reported = setTimeout(() => child.kill('SIGKILL'), LONGEST_END_MS)
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text
  })
  const longest = setTimeout(() => child.kill('SIGKILL'), LONGEST_RUN_MS)
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve))
  clearTimeout(longest)
  clearTimeout(reported)
  if (!reported) throw new Error(`no report; exit code ${code}: ${errors || output}`)

  const report = JSON.parse(output.slice(output.lastIndexOf('\n', output.length - 2) + 1))
  if (code === 0) report.passed++
  else report.failed.push(`an open limiter must not keep the process alive: exit code ${code} ${errors}`)
  return report
}
