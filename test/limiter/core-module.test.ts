/** Compiling the core: once, and again after a failure. */
import { readFileSync } from 'node:fs'
import { afterEach, expect, test, vi } from 'vitest'

afterEach(() => {
  vi.restoreAllMocks()
  vi.resetModules()
})

async function importAnew() {
  vi.resetModules()
  return await import('../../src/index.js')
}

test('a failed compile is forgotten: the next limiter loads', async () => {
  const { loadLimiter } = await importAnew()
  vi.spyOn(WebAssembly, 'compile').mockRejectedValueOnce(new WebAssembly.CompileError('out of memory'))
  const first = loadLimiter()
  const second = loadLimiter()
  await expect(first).rejects.toThrow('out of memory')
  await expect(second).rejects.toThrow('out of memory')
  using limiter = await loadLimiter()
  expect(limiter.isAllowed('a')).toBe(true)
})

test('the core that is part of the package is the one that was built', async () => {
  const { loadLimiter } = await importAnew()
  const compile = vi.spyOn(WebAssembly, 'compile')
  const limiter = await loadLimiter()
  limiter.close()
  const built = readFileSync(new URL('../../build/core.wasm', import.meta.url))
  expect(Buffer.compare(built, compile.mock.calls[0][0] as Uint8Array)).toBe(0)
})

test('the core is compiled once, however many limiters load at the same time', async () => {
  const { loadLimiter, createLimiter } = await importAnew()
  const compile = vi.spyOn(WebAssembly, 'compile')
  const limiters = await Promise.all([loadLimiter(), loadLimiter(), loadLimiter()])
  createLimiter().close()
  expect(compile).toHaveBeenCalledTimes(1)
  for (const limiter of limiters) limiter.close()
})

test('createLimiter says what to do where the platform does not compile synchronously, and module gets round it', async () => {
  const { createLimiter } = await importAnew()
  const module = new WebAssembly.Module(readFileSync(new URL('../../build/core.wasm', import.meta.url)))
  vi.spyOn(WebAssembly, 'Module').mockImplementation(function refuse() {
    throw new RangeError('WebAssembly.Module is disallowed on the main thread')
  } as never)
  expect(() => createLimiter()).toThrow(/does not compile WebAssembly synchronously.*loadLimiter.*module/)
  vi.restoreAllMocks()
  using limiter = createLimiter({ module })
  expect(limiter.isAllowed('a')).toBe(true)
})
