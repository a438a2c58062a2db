/** What every runtime must do over a real Redis: the program that `test/runtimes/fleet.mjs` runs in Node, Deno and Bun. */
import assert from 'node:assert/strict'
import { createClient } from 'redis'
import { checkTogether, loadFleetLimiter, redisStore } from 'spillway/fleet'

const [url, name] = (globalThis.Deno?.args ?? process.argv.slice(2)).slice(0, 2)
const client = await createClient({ url, disableOfflineQueue: true }).connect()
const store = redisStore(client)
const states = []
const options = { store, processes: 2, timeoutMs: 10_000, onStateChange: (state) => states.push(state) }
const limiter = await loadFleetLimiter({ ...options, name, limit: 5, windowMs: 60_000, burst: { capacity: 2 } })
const other = await loadFleetLimiter({ ...options, name, limit: 5, windowMs: 60_000, burst: { capacity: 2 } })

// Two limiters, as of two processes: what one takes the other sees.
for (let taken = 1; taken <= 4; taken++) {
  const { allowed, remaining } = await (taken % 2 ? limiter : other).check('a')
  assert.deepEqual([allowed, remaining], [true, 5 - taken])
}
assert.deepEqual([limiter.isAllowed('sync'), other.isAllowed('sync')], [true, true])
assert.equal((await limiter.check('a', { cost: 2 })).allowed, false)
assert.equal((await limiter.check('a', { cost: 1, limit: 4 })).allowed, false)
assert.equal((await other.check('a')).allowed, true)
const denied = await limiter.check('a')
assert.deepEqual([denied.allowed, denied.reason], [false, 'limit'])
// A pause longer than the pace, 12 s, earns tokens.
assert.ok(denied.retryAfterMs > 11_000 && denied.retryAfterMs < 12_010, `${denied.retryAfterMs}`)
const { asked, denialsKnown } = limiter.stats()
assert.equal((await limiter.check('a')).allowed, false)
assert.deepEqual([limiter.stats().asked, limiter.stats().denialsKnown], [asked, denialsKnown + 1])

await limiter.refund('a', 2)
assert.equal((await limiter.peek('a')).remaining, 2)
assert.equal(await limiter.charge('a', 2), 0)
assert.ok((await limiter.getBurstAllowance('a')) <= 2)
await limiter.block('b', 60_000)
assert.equal((await other.check('b')).reason, 'blocked')
await limiter.unblock('b')
await limiter.reset('a')
assert.equal((await other.peek('a')).remaining, 5)
const together = await checkTogether([
  { limiter, userId: 'c' },
  { limiter: other, userId: 'd', cost: 5 },
])
assert.deepEqual([together.allowed, together.denied], [true, []])
for (const id of ['', '{', '}', '{}', '\u0000', '\ud800', '\udc00', 'é', 'a'.repeat(5000), '__proto__']) {
  const { remaining } = await limiter.check(id)
  assert.equal(remaining, 4, JSON.stringify(id))
}
await assert.rejects(limiter.check(1), /userId must be a string/)
await assert.rejects(limiter.check('a', 0), RangeError)

// A server that forgot the script is sent it anew.
await client.sendCommand(['SCRIPT', 'FLUSH'])
assert.equal((await limiter.check('after')).allowed, true)
assert.deepEqual([limiter.stats().state, states], ['available', []])
limiter.close()
other.close()
client.destroy()
console.log('ok')
