// Makes the CommonJS side of the build: for each subpath of package.json with a `require` condition, one bundled .cjs
// file, and the types of its ESM side as .d.cts files, which TypeScript takes as types of CommonJS.
import { access, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'

const { exports } = JSON.parse(await readFile('package.json', 'utf8'))

const files = new Map()
const types = new Set()
for (const { import: esm, require: cjs } of Object.values(exports)) {
  if (cjs === undefined) continue
  // Two subpaths may share a file: the first names its source.
  if (!files.has(cjs.default)) files.set(cjs.default, esm.default)
  types.add(esm.types)
}

for (const [outfile, entry] of files) {
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'cjs',
    // Node's `import` of a CommonJS file finds the names that esbuild lists for this platform.
    platform: 'node',
    target: 'es2022',
    logLevel: 'warning',
  })
}

// A Set goes on to what is added while it is walked.
for (const file of types) {
  const text = await readFile(file, 'utf8')
  const imports = /(\bfrom |\bimport\(?)(['"])(\.[^'"]*)\.js\2/g
  for (const [, , , path] of text.matchAll(imports)) types.add(`./${join(dirname(file), `${path}.d.ts`)}`)
  await writeFile(file.replace(/\.d\.ts$/, '.d.cts'), text.replace(imports, '$1$2$3.cjs$2'))
}

for (const { require: cjs } of Object.values(exports)) {
  if (cjs !== undefined) await access(cjs.types)
}
