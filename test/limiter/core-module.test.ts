/** Compiling the core: once, and again after a failure. */
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
  const { CORE_BASE64 } = await import('../../src/generated/core-base64.js')
  const module = new WebAssembly.Module(Buffer.from(CORE_BASE64, 'base64'))
  vi.spyOn(WebAssembly, 'Module').mockImplementation(function refuse() {
    throw new RangeError('WebAssembly.Module is disallowed on the main thread')
  } as never)
  expect(() => createLimiter()).toThrow(/does not compile WebAssembly synchronously.*loadLimiter.*module/)
  vi.restoreAllMocks()
  using limiter = createLimiter({ module })
  expect(limiter.isAllowed('a')).toBe(true)
})
