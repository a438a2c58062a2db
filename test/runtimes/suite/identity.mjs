/** Tells by globals alone in which runtime the suite really runs, so that none is claimed that was never entered. */
const { Bun, Deno, document, navigator, process } = globalThis
const agent = navigator?.userAgent ?? ''

/** The name and version of the runtime that this is. */
export function identify() {
  if (agent === 'Cloudflare-Workers') return { name: 'workerd', version: '' }
  if (Deno?.version) return { name: 'deno', version: Deno.version.deno }
  if (Bun?.version) return { name: 'bun', version: Bun.version }
  if (process?.versions?.node) {
    return { name: `node${process.versions.node.split('.')[0]}`, version: process.versions.node }
  }
  const name = browser()
  return { name: document ? name : `${name}-worker`, version: agent }
}

function browser() {
  if (agent.includes('Firefox/')) return 'firefox'
  if (agent.includes('Chrome/')) return 'chromium'
  if (agent.includes('AppleWebKit/')) return 'webkit'
  return `unknown (${agent})`
}

/**
 * Checks that this is the runtime it is said to be, under the restrictions it is said to have.
 *
 * @param {import('./checks.mjs').Checks} checks
 * @param {string} expected the name, with ` csp` behind it where a Content-Security-Policy is in force
 */
export async function checkIdentity(checks, expected) {
  const { name } = identify()
  const [plain, csp] = expected.split(' ')
  checks.equal('runtime', name, plain)
  if (name.endsWith('-worker')) {
    checks.ok('it is a worker', globalThis instanceof globalThis.WorkerGlobalScope)
    checks.ok('it is a module worker', typeof import.meta.url === 'string')
  }
  if (name === 'deno') await checkNoPermissions(checks)
  if (name === 'workerd' || csp === 'csp') checkNoEval(checks)
  if (name === 'workerd') await checkNoCompiling(checks)
}

async function checkNoPermissions(checks) {
  for (const name of ['read', 'write', 'net', 'env', 'run', 'ffi', 'sys']) {
    const { state } = await Deno.permissions.query({ name })
    checks.ok(`no permission to ${name}`, state !== 'granted', state)
  }
}

function checkNoEval(checks) {
  let refused = false
  try {
    new Function('return 1')()
  } catch {
    refused = true
  }
  checks.ok('evaluating strings is forbidden here', refused)
}

async function checkNoCompiling(checks) {
  const smallest = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)
  const compiled = await Promise.resolve()
    .then(() => WebAssembly.compile(smallest))
    .then(
      () => true,
      () => false,
    )
  checks.ok('compiling bytes is forbidden here', !compiled)
}
