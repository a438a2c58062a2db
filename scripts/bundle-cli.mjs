// Bundles the command line into one file, so that whoever installs the package installs nothing else. The licenses of
// what is bundled come along.
//
//     node scripts/bundle-cli.mjs [outfile]
import { chmod, readdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'

const DEFAULT_OUTFILE = 'dist/cli/main.js'
const outfile = process.argv[2] ?? DEFAULT_OUTFILE

const { version } = JSON.parse(await readFile('package.json', 'utf8'))
const options = {
  entryPoints: ['src/cli/main.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  // The package's own import leads to the build; the bundle is made of the sources.
  alias: { '#core-module': './src/limiter/core-module.ts' },
  define: { SPILLWAY_VERSION: JSON.stringify(version) },
  banner: {
    // CommonJS packages ask for Node's modules by `require`.
    js: "#!/usr/bin/env node\nimport { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)",
  },
  logLevel: 'warning',
}

const { metafile } = await build({ ...options, write: false, metafile: true })
const packages = new Set(
  Object.keys(metafile.inputs).flatMap((path) => path.match(/^node_modules\/(@[^/]+\/)?[^/]+/)?.[0] ?? []),
)
const licenses = []
for (const directory of [...packages].sort()) {
  const { name, version, license } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'))
  const file = (await readdir(directory)).find((entry) => /^licen[cs]e/i.test(entry))
  if (!file) throw new Error(`${name} has no license file`)
  licenses.push(`${name} ${version} (${license})\n\n${await readFile(join(directory, file), 'utf8')}`)
}

// Earlier builds put more files there.
if (outfile === DEFAULT_OUTFILE) await rm(dirname(outfile), { recursive: true, force: true })
await build({ ...options, footer: { js: `/*\nBundled packages and their licenses:\n\n${licenses.join('\n\n')}\n*/` } })
await chmod(outfile, 0o755)
