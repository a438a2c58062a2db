/**
 * The compiled core where the platform compiles `.wasm` imports and forbids compiling bytes: Cloudflare's workerd.
 */
// @ts-expect-error: workerd gives a WebAssembly.Module for this; TypeScript knows no types of it.
import core from './core.wasm'

export function compileCore(): Promise<WebAssembly.Module> {
  return Promise.resolve(core as WebAssembly.Module)
}
