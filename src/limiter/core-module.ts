/**
 * The compiled core, from bytes that are part of the package: no file system, no fetch, no bundler plugin.
 * Where compiling bytes is not allowed, the package's `imports` name another file for `#core-module`.
 */
import { CORE_TEXT } from '../generated/core-text.js'

/** A compiled `spillway/core.wasm`. `WebAssembly.Module` where the types of the platform know it. */
export type CoreModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer Module } } }
  ? Module
  : object

let compiled: CoreModule | undefined
let compiling: Promise<CoreModule> | undefined

/** Compiles the core, once for all limiters of the process. A failure is not kept: the next call tries again. */
export async function compileCore(): Promise<CoreModule> {
  if (compiled !== undefined) return compiled
  compiling ??= WebAssembly.compile(coreBytes())
  try {
    compiled = await compiling
    return compiled
  } finally {
    compiling = undefined
  }
}

/**
 * Compiles the core at once.
 *
 * @throws {Error} where the platform does not compile synchronously, as on the main thread of some browsers
 */
export function compileCoreSync(): CoreModule {
  if (compiled !== undefined) return compiled
  const bytes = coreBytes()
  try {
    compiled = new WebAssembly.Module(bytes)
  } catch (cause) {
    throw new Error(
      'createLimiter: this platform does not compile WebAssembly synchronously. ' +
        'Use `await loadLimiter()`, or pass a compiled spillway/core.wasm as `module`',
      { cause },
    )
  }
  return compiled
}

/** Reads the text that `scripts/build-core.mjs` made. */
function coreBytes(): Uint8Array<ArrayBuffer> {
  const bytes: number[] = []
  for (let at = 0; at < CORE_TEXT.length; at++) {
    const code = codeAt(at)
    if (code < 123) {
      bytes.push(code < 97 ? code - 38 : code)
    } else {
      const index = 85 * (code - 123) + codeAt(++at) - 38
      bytes.push(index < 38 ? index + 59 : index + 85)
    }
  }
  return new Uint8Array(bytes)
}

function codeAt(at: number): number {
  const code = CORE_TEXT.charCodeAt(at)
  return code === 33 ? 39 : code === 35 ? 92 : code
}
