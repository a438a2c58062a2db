/** Bundles a Cloudflare Worker as wrangler does: with its conditions, and `.wasm` imports left as modules of their own. */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'

/**
 * @param {typeof import('esbuild').build} build
 * @param {string} app the folder that the package is installed in
 * @param {string} entry the worker's file in it
 * @returns {Promise<object[]>} modules for miniflare
 */
export async function bundleWorker(build, app, entry) {
  const wasm = new Map()
  const keepWasm = {
    name: 'keep-wasm',
    setup({ onResolve, resolve }) {
      onResolve({ filter: /\.wasm$/ }, async ({ path, pluginData, ...from }) => {
        if (pluginData === 'resolving') return undefined
        const found = await resolve(path, { ...from, pluginData: 'resolving' })
        if (found.errors.length > 0) return found
        wasm.set(basename(found.path), found.path)
        return { path: `./${basename(found.path)}`, external: true }
      })
    },
  }
  const { outputFiles } = await build({
    entryPoints: [`${app}/${entry}`],
    absWorkingDir: app,
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker', 'browser'],
    plugins: [keepWasm],
    logLevel: 'warning',
  })
  const modules = [{ type: 'ESModule', path: 'worker.mjs', contents: outputFiles[0].text }]
  for (const [name, path] of wasm) modules.push({ type: 'CompiledWasm', path: name, contents: await readFile(path) })
  return modules
}
