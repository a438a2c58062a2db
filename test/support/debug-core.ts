/**
 * The debug build of the core imports what shows the messages of its assertions. AssemblyScript's loader has that, so
 * tests instantiate the debug build by it; the release build, which imports nothing, goes the way that it always goes.
 */
import { instantiateSync } from '@assemblyscript/loader'
import { vi } from 'vitest'
import type * as Instantiate from '../../src/limiter/instantiate.js'

vi.mock('../../src/limiter/instantiate.js', async (importOriginal) => {
  const { instantiate } = await importOriginal<typeof Instantiate>()
  return {
    instantiate(module: WebAssembly.Module) {
      if (WebAssembly.Module.imports(module).length === 0) return instantiate(module)
      // Not the loader's own `exports`: they wrap every call in one with rest parameters.
      return { ...instantiateSync(module, {}).instance.exports }
    },
  }
})
