/** The types that the package gives need no library but ECMAScript's: no DOM, which alone declares `WebAssembly`. */
import ts from 'typescript'
import { expect, test, vi } from 'vitest'
import { codeExports, ROOT } from './packed.js'

// TypeScript takes a while on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

test('no subpath, by import or by require, needs the DOM', () => {
  // One program for all, since reading the libraries takes most of the time.
  const files = codeExports().flatMap(([, named]) => [named.import.types, named.require.types])
  expect(files).toContain('./dist/index.d.ts')
  const program = ts.createProgram(
    files.map((file) => `${ROOT}${file}`),
    {
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2022.d.ts'],
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      types: ['node'],
    },
  )
  // What the package gives, and not the libraries: these take most of the time, and are not ours to mend.
  const ours = program.getSourceFiles().filter(({ fileName }) => !fileName.includes('/node_modules/'))
  expect(ours.length).toBeGreaterThan(files.length)
  const messages = ours
    .flatMap((source) => ts.getPreEmitDiagnostics(program, source))
    .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`)
  expect(messages).toEqual([])
})
