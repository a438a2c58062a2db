/**
 * The compiled core where the platform compiles a `.wasm` import that asks for it by `?module`, and forbids compiling
 * bytes: Vercel's edge, and so Next.js middleware and edge routes.
 */
// @ts-expect-error: the bundler gives a WebAssembly.Module for this; TypeScript knows no types of it.
import core from '../core.wasm?module'
import type { CoreModule } from './core-module.js'

export type { CoreModule }

export async function compileCore(): Promise<CoreModule> {
  return core
}

export function compileCoreSync(): CoreModule {
  return core
}
