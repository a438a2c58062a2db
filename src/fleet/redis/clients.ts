/** The clients of Redis and Valkey, as the one thing that is wanted of them: a command is sent, and its reply comes. */
import { describe } from '../../limiter/index.js'

/**
 * Sends a command, whose key comes beside it for clusters, and gives the reply.
 *
 * @param command the name and the arguments, as in `['EVALSHA', sha, '1', key, ...]`
 */
export type SendCommand = (command: string[], key: string) => Promise<unknown>

/** redis (node-redis) 5 and later: a client, a pool, a cluster or a Sentinel. */
interface NodeRedis {
  evalSha(sha: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  del(key: string): Promise<unknown>
}

/** ioredis and iovalkey: a client or a cluster. */
interface IoRedis {
  call(command: string, ...args: string[]): Promise<unknown>
}

/** What an ioredis client writes to, while it is connected: a stream of Node's. */
interface Corkable {
  cork(): void
  uncork(): void
}

/** Valkey GLIDE: a client or a cluster client. */
interface Glide {
  customCommand(args: string[]): Promise<unknown>
}

/** A client that `redisStore` knows, or a function that sends a command. */
export type RedisClient = NodeRedis | IoRedis | Glide | SendCommand

/** How a client sends a command. */
export function senderOf(client: RedisClient): SendCommand {
  if (typeof client === 'function') return client
  if (has(client, 'evalSha', 'eval', 'del')) return (command) => sendByNodeRedis(client as NodeRedis, command)
  if (has(client, 'call', 'evalsha')) return byIoRedis(client as IoRedis)
  if (has(client, 'customCommand')) return (command) => (client as Glide).customCommand(command)
  throw new TypeError(
    `client must be one of redis, ioredis, iovalkey or @valkey/valkey-glide, or a function that sends a command, not ${describe(client)}`,
  )
}

/** By its methods, which know the key: those of a client, a cluster and a Sentinel alike. */
function sendByNodeRedis(client: NodeRedis, [name, first, , key, ...args]: string[]): Promise<unknown> {
  if (name === 'DEL') return client.del(first as string)
  const options = { keys: [key as string], arguments: args }
  return name === 'EVALSHA' ? client.evalSha(first as string, options) : client.eval(first as string, options)
}

/**
 * It writes each command by itself, which costs more than all the rest of a command: what is sent in one turn of the event loop is
 * held together and written at its end. Not by a cluster, which writes to many streams.
 */
function byIoRedis(client: IoRedis): SendCommand {
  const { nextTick } = (globalThis as { process?: { nextTick?: (act: () => void) => void } }).process ?? {}
  let held: Corkable | undefined
  const release = () => {
    held?.uncork()
    held = undefined
  }
  return ([name, ...args]) => {
    if (held === undefined && nextTick !== undefined) {
      const { stream } = client as { stream?: Corkable | null }
      if (has(stream, 'cork', 'uncork')) {
        held = stream as Corkable
        held.cork()
        nextTick(release)
      }
    }
    return client.call(name as string, ...args)
  }
}

function has(client: unknown, ...methods: string[]): boolean {
  return methods.every((method) => typeof (client as Record<string, unknown> | null)?.[method] === 'function')
}
