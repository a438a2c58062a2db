/** Builds an app by each bundler with its defaults for production. */
import { brotliCompressSync } from 'node:zlib'
import { build as buildByEsbuild } from 'esbuild'
import { importFrom, install } from './tools.mjs'

/** Pinned: the latest that run on Node 20. esbuild is a dependency of the repository. */
const VITE = 'vite@8.3.8'
const WEBPACK = 'webpack@5.112.2'
const ROLLUP = ['rollup@4.68.8', '@rollup/plugin-node-resolve@16.0.3']
const ROLLDOWN = 'rolldown@1.3.2'

/** By name: builds `app/entry` into `main.js` in the folder `out`, and gives the bundler's version. */
export const BUNDLERS = {
  async vite(app, entry, out) {
    const { build, version } = await importFrom(await install(VITE), 'vite')
    const settings = {
      outDir: out,
      emptyOutDir: false,
      rollupOptions: { input: `${app}/${entry}`, output: { entryFileNames: 'main.js' } },
    }
    await build({ root: app, configFile: false, logLevel: 'error', build: settings })
    return version
  },

  async webpack(app, entry, out) {
    const { default: webpack } = await importFrom(await install(WEBPACK), 'webpack')
    const settings = {
      mode: 'production',
      context: app,
      entry: `./${entry}`,
      output: { path: out, filename: 'main.js' },
    }
    const stats = await new Promise((resolve, reject) => {
      webpack(settings, (error, result) => (error ? reject(error) : resolve(result)))
    })
    if (stats.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }))
    return webpack.version
  },

  async esbuild(app, entry, out) {
    await buildByEsbuild({
      entryPoints: [`${app}/${entry}`],
      outfile: `${out}/main.js`,
      bundle: true,
      minify: true,
      format: 'esm',
      logLevel: 'error',
    })
    return (await import('esbuild')).version
  },

  async rollup(app, entry, out) {
    const folder = await install(...ROLLUP)
    const { rollup, VERSION } = await importFrom(folder, 'rollup')
    const { default: nodeResolve } = await importFrom(folder, '@rollup/plugin-node-resolve')
    const bundle = await rollup({ input: `${app}/${entry}`, plugins: [nodeResolve({ browser: true })] })
    await bundle.write({ file: `${out}/main.js`, format: 'es' })
    return VERSION
  },

  async rolldown(app, entry, out) {
    const { rolldown, VERSION } = await importFrom(await install(ROLLDOWN), 'rolldown')
    const bundle = await rolldown({ cwd: app, input: `./${entry}`, platform: 'browser' })
    await bundle.write({ file: `${out}/main.js`, format: 'es', minify: true })
    return VERSION ?? ROLLDOWN.split('@')[1]
  },
}

/** Bytes of a text as servers send it. */
export function compressedSize(text) {
  return brotliCompressSync(text).length
}
