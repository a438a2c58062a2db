/** The script on a time that is given to it, whose keys do not go by the server's own: a slow test would outlive them. */
import type { RedisClient } from '../../src/fleet/index.js'
import { senderOf } from '../../src/fleet/redis/clients.js'
import { RedisStore } from '../../src/fleet/redis/redis-store.js'
import { timedScript } from '../../src/fleet/redis/script.js'

/** Where a user is kept, and for how long. */
const KEEPS = /redis\.call\('SET', KEYS\[1\], text, 'PX', (.+)\)\n/g

/** Keeps users for ever. */
const lastingScript = timedScript.replace(KEEPS, "redis.call('SET', KEYS[1], text)\n")

/** Keeps users for ever, and notes for how long it would in a key beside. */
export const notingScript = timedScript.replace(
  KEEPS,
  "redis.call('SET', KEYS[1], text)\nredis.call('SET', KEYS[1] .. ' lives', $1)\n",
)

/** A store on a time of whole milliseconds. It keeps users for ever. */
export function storeAt(redis: unknown, nowMs: () => number, script = lastingScript): RedisStore {
  return new RedisStore(senderOf(redis as RedisClient), script, () => nowMs() * 1000)
}
