/** Runs the suite in a browser, from the installed package's bundled file. */
import { readFile } from 'node:fs/promises'
import { browserVersion, openPage } from './browsers.mjs'
import { STRICT_POLICY, serve } from './server.mjs'

/**
 * @param {string} app the folder that the package is installed in
 * @param {string} name the runtime: a browser's name, then `-worker` for a worker, then ` csp` for the strict policy
 */
export async function runPage(app, name) {
  const trace = await readFile(`${app}/trace.json`, 'utf8')
  const bundle = await readFile(`${app}/node_modules/spillway/dist/spillway.min.js`)
  const core = await readFile(`${app}/node_modules/spillway/dist/core.wasm`)
  const server = await serve(app, {
    headers: name.endsWith(' csp') ? { 'content-security-policy': STRICT_POLICY } : {},
    made: { '/trace.mjs': `export default ${trace}`, '/spillway.min.js': bundle, '/core.wasm': core },
  })
  try {
    const [browser] = name.split(/[ -]/)
    const url = `${server.url}/hosts/page.html?runtime=${encodeURIComponent(name)}`
    return { ...(await openPage(browser, url, server.report)), version: await browserVersion(browser) }
  } finally {
    await server.close()
  }
}
