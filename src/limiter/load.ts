/** Making limiters. */
import { compileCore, compileCoreSync } from '#core-module'
import type { Limiter } from './limiter.js'
import type { LimiterOptions } from './options.js'
import { resolveOptions, resolveSnapshot } from './options.js'
import { WasmLimiter } from './wasm-limiter.js'

/**
 * Loads a limiter: 50 requests a second a user, and up to 100 burst tokens, unless the options say otherwise.
 *
 * @throws {TypeError} for an option of a wrong type or one that does not exist
 * @throws {RangeError} for a number that is not accepted
 * @throws {Error} if the clock gives no finite number, and if the snapshot is damaged or of a limiter with other options
 * @example
 * ```ts
 * const limiter = await loadLimiter({ limit: 10 }) // no burst tokens, since it has a limit of its own
 * limiter.isAllowed('user123') // true
 * ```
 */
export async function loadLimiter(options: LimiterOptions = {}): Promise<Limiter> {
  const settings = resolveOptions(options)
  const snapshot = resolveSnapshot(options)
  return new WasmLimiter(settings.module ?? (await compileCore()), settings, snapshot)
}

/**
 * Makes a limiter at once: what `loadLimiter` does, for constructors and other places that cannot wait. The first one
 * of a process compiles the core, some milliseconds in which nothing else runs; a server had rather `await`.
 *
 * @throws {TypeError} {RangeError} as `loadLimiter` does
 * @throws {Error} where the platform does not compile WebAssembly synchronously, unless a `module` is given
 * @example
 * ```ts
 * class Service {
 *   readonly #limiter = createLimiter({ limit: 5, windowMs: 60_000 })
 * }
 * ```
 */
export function createLimiter(options: LimiterOptions = {}): Limiter {
  const settings = resolveOptions(options)
  const snapshot = resolveSnapshot(options)
  return new WasmLimiter(settings.module ?? compileCoreSync(), settings, snapshot)
}
