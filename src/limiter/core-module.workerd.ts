/**
 * The compiled core where the platform compiles `.wasm` imports and forbids compiling bytes: Cloudflare's workerd.
 */
// @ts-expect-error: workerd gives a WebAssembly.Module for this; TypeScript knows no types of it.
import core from '../core.wasm'
import type { CoreModule } from './core-module.js'

export type { CoreModule }

export async function compileCore(): Promise<CoreModule> {
  return core
}

export function compileCoreSync(): CoreModule {
  return core
}
