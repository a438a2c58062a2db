/** The package as its manifest tells of it: read once, for all tests of it. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** What a subpath names for one way to import it: types, and a build for each condition. */
interface Builds {
  types: string
  default: string
  [condition: string]: string
}

/** A subpath that gives code. */
interface CodeExport {
  import: Builds
  require: Builds
}

interface Manifest {
  name: string
  version: string
  license: string
  exports: Record<string, string | CodeExport>
  imports: Record<string, { default: string }>
  peerDependencies: Record<string, string>
}

export function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(`${ROOT}${file}`, 'utf8'))
}

export const manifest = readJson<Manifest>('package.json')

/** The subpaths that give code, with what each names. */
export function codeExports(): [subpath: string, named: CodeExport][] {
  return Object.entries(manifest.exports).filter((entry): entry is [string, CodeExport] => typeof entry[1] !== 'string')
}
