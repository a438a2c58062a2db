/** A limiter keeps no async context of whoever happens to use it. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test, vi } from 'vitest'
import { coarseClock, createLimiter } from '../../src/index.js'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

test('sweeps run in no store of AsyncLocalStorage, and no store is kept', async () => {
  const storage = new AsyncLocalStorage<object>()
  const seen: unknown[] = []
  // In a function of its own, whose frame holds no reference when it has ended.
  const useWithin = () => {
    const store = {}
    const limiter = storage.run(store, () => {
      let deciding = true
      const limiter = createLimiter({
        sweepIntervalMs: 1,
        clock: () => {
          if (!deciding) seen.push(storage.getStore())
          return 0
        },
      })
      for (let i = 0; i < 20_000; i++) limiter.isAllowed(`user_${i}`)
      coarseClock(1000)()
      deciding = false
      return limiter
    })
    return { limiter, held: new WeakRef(store) }
  }
  const { limiter, held } = useWithin()
  await vi.waitFor(() => expect(seen.length).toBeGreaterThan(3))
  expect(new Set(seen)).toEqual(new Set([undefined]))
  await vi.waitFor(() => {
    collect()
    expect(held.deref()).toBe(undefined)
  })
  limiter.close()
})
