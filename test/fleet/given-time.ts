/** The script on a time that is given to it, whose keys do not go by the server's own: a slow test would outlive them. */
import { timedScript } from '../../src/fleet/redis/script.js'

/** Where a user is kept, and for how long. */
const KEEPS = /redis\.call\('SET', KEYS\[1\], text, 'PX', (.+)\)\n/g

/** Keeps users for ever. */
export const lastingScript = timedScript.replace(KEEPS, "redis.call('SET', KEYS[1], text)\n")

/** Keeps users for ever, and notes for how long it would in a key beside. */
export const notingScript = timedScript.replace(
  KEEPS,
  "redis.call('SET', KEYS[1], text)\nredis.call('SET', KEYS[1] .. ' lives', $1)\n",
)
