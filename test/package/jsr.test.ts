/** `jsr.json` says what `package.json` says, and publishes every source that its exports need. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { codeExports, manifest, ROOT, readJson } from './packed.js'

interface Jsr {
  name: string
  version: string
  license: string
  exports: string | Record<string, string>
  imports: Record<string, string>
  publish: { include: string[]; exclude: string[] }
}

const jsr = readJson<Jsr>('jsr.json')
const jsrExports = typeof jsr.exports === 'string' ? { '.': jsr.exports } : jsr.exports

/** JSR publishes sources, so that a subpath that is another build of the same source has no place there. */
const BUILDS_ONLY = ['./min']

/** The source of a compiled file. */
function sourceOf(file: string): string {
  return file.replace(/^\.\/dist\/(.*)\.m?js$/, './src/$1.ts')
}

/** A pattern of `publish`, in which a star stands for part of one name and a folder for all that it holds. */
function matches(pattern: string, file: string): boolean {
  const escaped = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*')
  return new RegExp(`^${escaped}(/.*)?$`).test(file)
}

/** What a source needs at run time or for its types: the files that it imports, and theirs. */
function reachableFrom(entry: string): Set<string> {
  const files = new Set([join(entry)])
  for (const file of files) {
    for (const [, specifier] of readFileSync(`${ROOT}${file}`, 'utf8').matchAll(/\bfrom '([.#][^']*)'/g)) {
      const inner = jsr.imports[specifier]
      files.add(inner ? join(inner) : join(dirname(file), specifier.replace(/\.js$/, '.ts')))
    }
  }
  return files
}

test('name, version and license', () => {
  expect(jsr.name.replace(/^@[^/]*\//, '')).toBe(manifest.name)
  expect({ version: jsr.version, license: jsr.license }).toEqual({
    version: manifest.version,
    license: manifest.license,
  })
})

test('the same subpaths, from the sources', () => {
  const subpaths = codeExports().filter(([subpath]) => !BUILDS_ONLY.includes(subpath))
  expect(jsrExports).toEqual(
    Object.fromEntries(subpaths.map(([subpath, named]) => [subpath, sourceOf(named.import.default)])),
  )
})

test('the same imports, from the sources, and frameworks for their types', () => {
  const own = Object.entries(jsr.imports).filter(([name]) => name.startsWith('#'))
  expect(Object.fromEntries(own)).toEqual(
    Object.fromEntries(Object.entries(manifest.imports).map(([name, { default: file }]) => [name, sourceOf(file)])),
  )
})

test('frameworks are imported at versions that are peers', () => {
  const frameworks = Object.entries(jsr.imports).filter(([name]) => !name.startsWith('#'))
  for (const [name, specifier] of frameworks) {
    const [, imported, version] = /^npm:(.+)@(\d+)$/.exec(specifier) ?? []
    expect([name, `@types/${name}`]).toContain(imported)
    expect(manifest.peerDependencies[imported].split(' || ')).toContain(version)
  }
  expect(frameworks.map(([name]) => name)).toEqual(['express', 'fastify', 'hono', 'koa'])
})

test('every source that the exports need is published', () => {
  const { include, exclude } = jsr.publish
  const kept = exclude.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1))
  const left = exclude.filter((pattern) => !pattern.startsWith('!'))
  const needed = Object.values(jsrExports).flatMap((entry) => [...reachableFrom(entry)])
  expect(needed).toContain('src/limiter/core-module.ts')
  const missing = needed.filter(
    (file) =>
      !include.some((pattern) => matches(pattern, file)) ||
      (left.some((pattern) => matches(pattern, file)) && !kept.some((pattern) => matches(pattern, file))),
  )
  expect(missing).toEqual([])
})

test('what is published by name is there', () => {
  const named = [...jsr.publish.include, ...jsr.publish.exclude].filter((pattern) => !/[*!]/.test(pattern))
  expect(named.filter((file) => !existsSync(`${ROOT}${file}`))).toEqual([])
})
