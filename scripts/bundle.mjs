// Bundles the build into one minified file, dist/spillway.min.js, for `<script type="module">` and other places
// without a bundler: wrapper, loader and core, nothing left to import.
import { readFile } from 'node:fs/promises'
import { build } from 'esbuild'

const { version, license } = JSON.parse(await readFile('package.json', 'utf8'))
await build({
  entryPoints: ['dist/index.js'],
  outfile: 'dist/spillway.min.js',
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['es2022', 'chrome94', 'firefox93', 'safari16.4'],
  banner: { js: `/*! spillway ${version} | ${license} */` },
  logLevel: 'warning',
})
