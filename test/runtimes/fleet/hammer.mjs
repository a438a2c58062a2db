/**
 * One of several processes that hammer one user by `isAllowed`: prints when it was admitted, by the server's clock.
 *
 *     node hammer.mjs URL PROCESSES SECONDS
 */
import { setImmediate } from 'node:timers/promises'
import { createClient } from 'redis'
import { loadFleetLimiter, redisStore } from 'spillway/fleet'

const LIMIT = 50
const READINGS = 100

const [url, processes, seconds] = process.argv.slice(2)
const client = await createClient({ url, disableOfflineQueue: true }).connect()
// A busy machine is not to be taken for a store that is gone.
const options = { store: redisStore(client), name: 'hammered', limit: LIMIT, timeoutMs: 5000 }
const limiter = await loadFleetLimiter({ ...options, processes: Number(processes) })

const ahead = await serverAhead()
const admitted = []
const end = performance.now() + 1000 * Number(seconds)
while (performance.now() < end) {
  for (let request = 0; request < 20; request++) if (limiter.isAllowed('user')) admitted.push(performance.now() + ahead)
  await setImmediate()
}
const { allowed, denied, asked } = limiter.stats()
limiter.close()
client.destroy()
console.log(JSON.stringify({ admitted, requests: allowed + denied, asked }))

/** By how many milliseconds the server's clock is ahead of this process's: by the quickest of many readings. */
async function serverAhead() {
  let best = { took: Infinity, ahead: 0 }
  for (let reading = 0; reading < READINGS; reading++) {
    const from = performance.now()
    const [s, us] = await client.sendCommand(['TIME'])
    const took = performance.now() - from
    if (took < best.took) best = { took, ahead: Number(s) * 1000 + Number(us) / 1000 - (from + took / 2) }
  }
  return best.ahead
}
