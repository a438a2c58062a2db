// ES modules, with the types of a browser.
import type { LimiterOptions } from 'spillway'
import { loadLimiter } from 'spillway'

declare const module: WebAssembly.Module
export const limiter = loadLimiter({ module })

/** Whether two types are the same, and not only alike: the DOM's module has no members, so anything is like it. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
export const same: Same<Exclude<LimiterOptions['module'], undefined>, WebAssembly.Module> = true
