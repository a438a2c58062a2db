/** The types that the package gives need no library but ECMAScript's: no DOM, which alone declares `WebAssembly`. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

test.each([manifest.exports['.'].import.types, manifest.exports['.'].require.types])('%s, without the DOM', (file) => {
  const program = ts.createProgram([fileURLToPath(new URL(`../../${file}`, import.meta.url))], {
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['node'],
  })
  const messages = ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`)
  expect(messages.filter((message) => !message.includes('/node_modules/'))).toEqual([])
})
