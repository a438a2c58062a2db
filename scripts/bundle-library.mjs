// Makes the files that package.json names with an ending of their own: .mjs and .cjs are bundles of the .js file of the
// same name, one file each, and .d.cts are its types as TypeScript takes them for CommonJS.
//
// Node takes one file for ES modules too: it starts sooner, and Jest's --detectLeaks, which takes every module that
// imports another for a leak, finds none. Bundlers take the .js files, of which they leave out more.
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'

const { exports } = JSON.parse(await readFile('package.json', 'utf8'))
const named = new Set(Object.values(exports).flatMap(filesOf))

for (const outfile of named) {
  const format = { '.mjs': 'esm', '.cjs': 'cjs' }[outfile.slice(-4)]
  if (format === undefined) continue
  await build({
    entryPoints: [outfile.replace(/\.[mc]js$/, '.js')],
    outfile,
    bundle: true,
    format,
    // Node's `import` of a CommonJS file finds the names that esbuild lists for this platform.
    platform: format === 'cjs' ? 'node' : 'neutral',
    target: 'es2022',
    external: ['node:*'],
    logLevel: 'warning',
  })
}

// A Set goes on to what is added while it is walked.
const types = new Set(
  [...named].filter((file) => file.endsWith('.d.cts')).map((file) => file.replace('.d.cts', '.d.ts')),
)
for (const file of types) {
  const text = await readFile(file, 'utf8')
  const imports = /(\bfrom |\bimport\(?)(['"])(\.[^'"]*)\.js\2/g
  for (const [, , , path] of text.matchAll(imports)) types.add(`./${join(dirname(file), `${path}.d.ts`)}`)
  await writeFile(file.replace(/\.d\.ts$/, '.d.cts'), text.replace(imports, '$1$2$3.cjs$2'))
}

/** The files that an entry of `exports` names, whatever the condition. */
function filesOf(entry) {
  return typeof entry === 'string' ? [entry] : Object.values(entry).flatMap(filesOf)
}
