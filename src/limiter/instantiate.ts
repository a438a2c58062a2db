/** Instantiating the core, which imports nothing, and what it exports: the one typed interface of it. */
import type { CoreModule } from './core-module.js'

/** What `assembly/index.ts` exports. Booleans arrive as 0 and 1, u32 as signed numbers. */
export type CoreExports = {
  memory: WebAssembly.Memory
  init(
    maxUsers: number,
    limit: number,
    windowMs: number,
    capacity: number,
    refillPerSecond: number,
    onFull: number,
    reading: number,
  ): number
  setKey(a: number, b: number, c: number, d: number): void
  setSlots(count: number): number
  begin(wide: number): void
  absorb(bytes: number): void
  remember(slot: number, bytes: number): void
  rememberWhole(slot: number, bytes: number, wide: number): void
  decide(slot: number, reading: number, cost: number, within: number): number
  check(slot: number, reading: number, cost: number, within: number): number
  peek(slot: number, reading: number, cost: number, within: number): number
  weigh(slot: number, reading: number, cost: number, within: number): number
  charge(slot: number, reading: number, cost: number): number
  refund(slot: number, reading: number, base: number, tokens: number): void
  block(slot: number, reading: number, ms: number): number
  unblock(slot: number, reading: number): void
  wanted(): number
  tokens(slot: number, reading: number): number
  reset(slot: number, reading: number): void
  sweep(reading: number, pages: number, soonMs: number): number
  restartSweep(): void
  growAhead(): void
  listenFor(bits: number): void
  handleLow(slot: number): number
  handleHigh(slot: number): number
  extract(low: number, high: number): number
  extractAny(): number
  startReading(): number
  readUsers(): number
  addUsers(bytes: number, forced: number): number
  resume(time: number, mostUsers: number, mostPages: number): void
  setMaxUsers(maxUsers: number): void
  userCount(): number
  stats(): void
}

/**
 * Instantiates a compiled core.
 *
 * @throws {TypeError} if the module is not Spillway's core of this version
 */
export function instantiate(module: CoreModule): CoreExports {
  const compiled = module as WebAssembly.Module
  const exported = new Set(WebAssembly.Module.exports(compiled).map(({ name }) => name))
  if (!exported.has('decide') || !exported.has('addUsers')) {
    throw new TypeError('module must be the spillway/core.wasm of this version')
  }
  // A plain object: engines look up its functions faster than those of the frozen namespace.
  return { ...new WebAssembly.Instance(compiled, {}).exports } as CoreExports
}
