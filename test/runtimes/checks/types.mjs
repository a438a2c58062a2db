/** The types by TypeScript of several versions, with Node's types and without the DOM's, every library checked. */
import { run } from '../driver/tools.mjs'
import { NODE_TYPES, TYPESCRIPTS } from '../driver/versions.mjs'

export const app = {
  tools: [NODE_TYPES, ...TYPESCRIPTS.map((version) => `${alias(version)}@npm:typescript@${version}`)],
}

/** By name: a folder of the app and the libraries that its types are checked with. */
const SETTINGS = {
  'without the DOM': { files: ['plain.mts', 'plain.cts'], lib: 'es2022' },
  'with the DOM': { files: ['dom.mts', 'plain.cts'], lib: 'es2022,dom' },
}

export const checks = Object.fromEntries(
  TYPESCRIPTS.flatMap((version) =>
    Object.entries(SETTINGS).map(([name, settings]) => [
      `TypeScript ${version}, ${name}`,
      (folder) => compile(folder, version, settings),
    ]),
  ),
)

function compile(folder, version, { files, lib }) {
  const args = `--noEmit --strict --exactOptionalPropertyTypes --skipLibCheck false --target es2022 --lib ${lib}`
  const tsc = `${folder}/node_modules/${alias(version)}/bin/tsc`
  return run(process.execPath, [tsc, ...args.split(' '), '--module', 'nodenext', '--types', 'node', ...files], {
    cwd: folder,
  })
}

function alias(version) {
  return `typescript-${version}`
}
