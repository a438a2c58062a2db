/** Instantiating the core, which imports nothing. */
import type { CoreExports } from './abi.js'
import type { CoreModule } from './core-module.js'

/**
 * Instantiates a compiled core.
 *
 * @throws {TypeError} if the module is not Spillway's core of this version
 */
export function instantiate(module: CoreModule): CoreExports {
  const compiled = module as WebAssembly.Module
  const exported = new Set(WebAssembly.Module.exports(compiled).map(({ name }) => name))
  if (!exported.has('decide') || !exported.has('listenFor')) {
    throw new TypeError('module must be the compiled spillway/core.wasm of this version; it lacks exports of it')
  }
  // A plain object: engines look up its functions faster than those of the frozen namespace.
  return { ...new WebAssembly.Instance(compiled, {}).exports } as CoreExports
}
