/** The builds of the core that tests run on: what users get, and the one that checks its assertions. */
import { readFileSync } from 'node:fs'

function build(file: string): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(new URL(`../../build/${file}`, import.meta.url)))
}

export const builds = [
  { name: 'release', module: build('core.wasm') },
  { name: 'debug', module: build('core.debug.wasm') },
]
