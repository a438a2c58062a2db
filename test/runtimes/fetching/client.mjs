/** Makes many calls at once through `throttledFetch`, in whatever runtime. */
import { loadLimiter } from 'spillway'
import { throttledFetch } from 'spillway/queue'

/**
 * @param {string} url of a server that limits to 50 a second
 * @param {number} calls
 * @returns {Promise<{ seconds: number, statuses: Record<string, number> }>} how long it took, and what the calls got
 */
export async function callMany(url, calls) {
  const limiter = await loadLimiter({ limit: 50 })
  const fetch = throttledFetch({ limiter, retries: 20 })
  const statuses = {}
  const start = performance.now()
  await Promise.all(
    Array.from({ length: calls }, async () => {
      const response = await fetch(url, { cache: 'no-store' })
      await response.text()
      statuses[response.status] = (statuses[response.status] ?? 0) + 1
    }),
  )
  return { seconds: (performance.now() - start) / 1000, statuses }
}
