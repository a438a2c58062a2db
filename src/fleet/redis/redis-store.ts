/** The store of a fleet in Redis or Valkey. */
import { checkNames, systemClock } from '../../limiter/index.js'
import type { Answer, FleetStore, Question, SharedLimit } from '../store.js'
import { NO_ACTIVITY, RefusedError } from '../store.js'
import type { RedisClient, SendCommand } from './clients.js'
import { senderOf } from './clients.js'
import { PackedAnswer } from './packed-answer.js'
import { script } from './script.js'

/** What the server says of a script that it does not have: GLIDE says it in words of its own. */
const NO_SCRIPT = /NOSCRIPT|NoScriptError/

/** What the server says of one key, being well itself. */
const OF_ONE_KEY = /\b(WRONGTYPE|SPILLWAY)\b/

/** As many milliseconds may the server's clock and the process's guess of it differ. */
const SLACK_MS = 1000

/** A limit that was begun. */
interface Begun {
  /** The argument that all its questions have, as the script takes it. */
  readonly limit: string
  readonly prefix: string
}

/**
 * Keeps the limits of a fleet in Redis 6.2 or later, or in Valkey: one key a user, `NAME/WINDOW:{USER}`, and one a limit,
 * `NAME/WINDOW`. Standalone, with Sentinel, or a cluster, as the client does. The client is not closed with it.
 *
 * @param client a connected client of `redis`, `ioredis`, `iovalkey` or `@valkey/valkey-glide`; or a function that sends a command
 *   and gives its reply: `(command, key) => promise`
 * @throws {TypeError} for another client
 * @example
 * ```ts
 * const client = await createClient().connect()
 * const limiter = await loadFleetLimiter({ store: redisStore(client), name: 'api', processes: 8 })
 * ```
 */
export function redisStore(client: RedisClient, options: Record<string, never> = {}): FleetStore {
  checkNames('options', options, [])
  return new RedisStore(senderOf(client), script)
}

export class RedisStore implements FleetStore {
  readonly #send: SendCommand
  readonly #script: string
  /** For tests: what the script takes for the time, in microseconds. */
  readonly #time: (() => number) | undefined
  #sha: Promise<string> | string
  /** By the limit itself: those of one name may differ in their windows. */
  readonly #begun = new WeakMap<SharedLimit, Begun>()
  /** By how much the server's clock was ahead of the process's when it last answered. */
  #aheadMs = 0

  constructor(send: SendCommand, text: string, time?: () => number) {
    this.#send = send
    this.#script = text
    this.#time = time
    this.#sha = sha1(text).then((sha) => {
      this.#sha = sha
      return sha
    })
  }

  async begin(shared: SharedLimit): Promise<number> {
    const { name, quota } = shared
    const { limit, windowMs, capacity, refillPerSecond } = quota
    const prefix = `${name}/${windowMs}`
    const numbers = `${windowMs} ${limit} ${capacity} ${refillPerSecond}`
    const reply = await this.#run(prefix, [`${numbers} 0`, 'begin 0 0 0'], (text) => text)
    const [, now, begun] = reply.split(';')
    this.#aheadMs = Number(now) / 1000 - systemClock()
    this.#begun.set(shared, { limit: `${numbers} ${Number(begun) / 1000}`, prefix })
    return Math.max(0, (Number(now) - Number(begun)) / 1000)
  }

  ask(shared: SharedLimit, { verb, userId, a, b, activity, usefulMs }: Question): Promise<Answer> {
    const { limit, prefix } = this.#begun.get(shared) as Begun
    const stale = this.#time !== undefined ? 0 : Math.ceil(systemClock() + this.#aheadMs + usefulMs + SLACK_MS)
    const args = [limit, `${verb} ${stale} ${a} ${b}`]
    if (activity !== NO_ACTIVITY) {
      const { firstMs, earnedMs, lastMs, spent, placesMs } = activity
      args.push(`${firstMs} ${earnedMs} ${lastMs} ${spent}`)
      for (const ago of placesMs) args.push(String(ago))
    }
    return this.#run(keyOf(prefix, userId), args, (reply) => {
      const answer = new PackedAnswer(reply, shared.quota)
      this.#aheadMs = answer.atMs - systemClock()
      return answer
    })
  }

  async reset(shared: SharedLimit, userId: string): Promise<void> {
    const { prefix } = this.#begun.get(shared) as Begun
    const key = keyOf(prefix, userId)
    await this.#send(['DEL', key], key)
  }

  /** Runs the script, by its hash as long as the server has it: a new server and a flushed one have not. */
  #run<Result>(key: string, args: string[], read: (reply: string) => Result): Promise<Result> {
    const sha = this.#sha
    if (typeof sha !== 'string') return sha.then(() => this.#run(key, args, read))
    if (this.#time !== undefined) args.push(String(this.#time()))
    const given = (reply: unknown) => read(typeof reply === 'string' ? reply : String(reply))
    const failed = (error: unknown) => {
      throw OF_ONE_KEY.test(messageOf(error)) ? new RefusedError(messageOf(error), { cause: error }) : error
    }
    return this.#send(['EVALSHA', sha, '1', key, ...args], key).then(given, (error) => {
      if (!NO_SCRIPT.test(messageOf(error))) return failed(error)
      return this.#send(['EVAL', this.#script, '1', key, ...args], key).then(given, failed)
    })
  }
}

/** Clients send UTF-8, in which half a surrogate pair is like any other: such an id is spelt out. */
function keyOf(prefix: string, userId: string): string {
  if (!/\p{Surrogate}/u.test(userId)) return `${prefix}:{${userId}}`
  return `${prefix}:{${Array.from({ length: userId.length }, (_, at) => userId.charCodeAt(at).toString(16))}}:16`
}

async function sha1(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
