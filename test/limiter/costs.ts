/**
 * What decisions cost, counted instead of timed: the release build of the core, instrumented by Binaryen to report each
 * access of memory and each block that it executes. The counts are the same on every machine.
 */
import { readFileSync } from 'node:fs'
import binaryen from 'binaryen'
import type { CoreExports } from '../../src/limiter/instantiate.js'

/** Counts of one operation, on average. */
export interface Costs {
  /** Functions entered and left, blocks and rounds of loops. */
  steps: number
  loads: number
  stores: number
  /** Cache lines of 64 bytes touched, each once. */
  lines: number
}

const LINE = 64

/** An instrumented core, and a count of what it does. */
export class CountedCore {
  readonly abi: CoreExports
  #steps = 0
  #loads = 0
  #stores = 0
  readonly #lines = new Set<number>()

  constructor() {
    const module = binaryen.readBinary(readFileSync(new URL('../../build/core.wasm', import.meta.url)))
    module.setFeatures(binaryen.Features.All)
    module.runPasses(['log-execution', 'instrument-memory'])
    const compiled = new WebAssembly.Module(new Uint8Array(module.emitBinary()))
    module.dispose()
    const touch = (offset: number, address: number) => this.#lines.add(Math.floor(((address >>> 0) + offset) / LINE))
    // Everything else that instrumentation imports is passed the value that it is to give back.
    const imports: Record<string, (...args: number[]) => unknown> = Object.fromEntries(
      WebAssembly.Module.imports(compiled).map(({ name }) => [name, (...args: number[]) => args.at(-1)]),
    )
    imports.log_execution = () => {
      this.#steps++
    }
    imports.load_ptr = (_id, _bytes, offset, address) => {
      this.#loads++
      touch(offset, address)
      return address
    }
    imports.store_ptr = (_id, _bytes, offset, address) => {
      this.#stores++
      touch(offset, address)
      return address
    }
    this.abi = new WebAssembly.Instance(compiled, { env: imports }).exports as CoreExports
  }

  /** Runs an operation for each of `times`, and gives the average of what one costs. */
  average(times: number, operation: (index: number) => void): Costs {
    const sum: Costs = { steps: 0, loads: 0, stores: 0, lines: 0 }
    for (let index = 0; index < times; index++) {
      this.#steps = 0
      this.#loads = 0
      this.#stores = 0
      this.#lines.clear()
      operation(index)
      sum.steps += this.#steps
      sum.loads += this.#loads
      sum.stores += this.#stores
      sum.lines += this.#lines.size
    }
    const mean = (total: number) => Math.round((100 * total) / times) / 100
    return { steps: mean(sum.steps), loads: mean(sum.loads), stores: mean(sum.stores), lines: mean(sum.lines) }
  }
}
