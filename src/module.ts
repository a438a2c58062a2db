/**
 * The compiled core, from bytes that are part of the package: no file system, no fetch, no bundler plugin.
 * Where compiling bytes is not allowed, the package's `imports` name another file for `#module`.
 */
import { CORE_BASE64 } from './generated/core-base64.js'

let compiled: Promise<WebAssembly.Module> | undefined

/** Compiles the core, once for all limiters of the process. */
export function compileCore(): Promise<WebAssembly.Module> {
  compiled ??= WebAssembly.compile(Uint8Array.from(atob(CORE_BASE64), (char) => char.charCodeAt(0)))
  return compiled
}
