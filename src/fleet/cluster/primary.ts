/** The primary: it keeps the limits of its workers and children, and answers their questions. */
import cluster from 'node:cluster'
import { checkNames, checkNumber, describe, MAX_USERS_RANGE } from '../../limiter/index.js'
import { Ledger } from '../ledger/ledger.js'
import { NO_ACTIVITY } from '../store.js'
import type { AnswerMessage, Ask, AskMessage, RefusalMessage, Result } from './messages.js'
import { checkAskMessage, isOurs, MARK, timeHere } from './messages.js'
import { serve, servedHere } from './served.js'

/** Options of `serveFleet`. */
export interface ServeFleetOptions {
  /** Most users kept of each limit; those idle for longest are forgotten first. As for `loadLimiter`. */
  maxUsers?: number | undefined
}

/** A process with an IPC channel: what `fork` of `node:child_process` gives. */
export interface FleetChild {
  on(event: 'message', listener: (message: unknown) => void): unknown
  off(event: 'message', listener: (message: unknown) => void): unknown
  send(message: object, callback: (error: Error | null) => void): boolean
}

/** The limits of this process's workers and children. Made by `serveFleet`. Methods may be used detached from it. */
export interface FleetServer extends Disposable {
  /**
   * Answers a child process too. One that is attached already stays so, and workers of `node:cluster` always are.
   *
   * @returns the child
   * @throws {TypeError} if it has no IPC channel
   * @throws {Error} if the server is closed
   * @example
   * ```ts
   * server.attach(fork('worker.js'))
   * ```
   */
  attach<Child extends FleetChild>(child: Child): Child

  /** Answers no more, and forgets all users. Closing again does nothing. */
  close(): void
}

/**
 * Makes this process the store of a fleet: of all its `node:cluster` workers, of child processes that are attached, and of itself.
 * They load their limiters with `clusterStore()`. It keeps no process alive.
 *
 * @throws {TypeError} for an option of a wrong type or one that does not exist
 * @throws {RangeError} for a number that is not accepted
 * @throws {Error} in a worker of `node:cluster`, and where it was called already and is not closed
 * @example
 * ```ts
 * if (cluster.isPrimary) {
 *   serveFleet()
 *   for (let count = 0; count < 4; count++) cluster.fork()
 * }
 * ```
 */
export function serveFleet(options: ServeFleetOptions = {}): FleetServer {
  checkNames('options', options, ['maxUsers'])
  const { maxUsers }: ServeFleetOptions = { __proto__: null, ...options } as ServeFleetOptions
  if (maxUsers !== undefined) checkNumber('maxUsers', maxUsers, MAX_USERS_RANGE)
  if (cluster.isWorker) {
    throw new Error(
      'serveFleet is for the primary, and this is a worker of node:cluster. Under PM2, see docs/cluster.md',
    )
  }
  if (servedHere() !== undefined) throw new Error('serveFleet was called in this process already')
  return new Server(new Ledger({ maxUsers }))
}

class Server implements FleetServer {
  readonly #ledger: Ledger
  readonly #children = new Map<FleetChild, (message: unknown) => void>()
  #isClosed = false

  constructor(ledger: Ledger) {
    this.#ledger = ledger
    cluster.on('message', this.#hear)
    serve(ledger)
  }

  readonly attach = <Child extends FleetChild>(child: Child): Child => {
    if (this.#isClosed) throw new Error('The server is closed')
    if (typeof child?.send !== 'function' || typeof child.on !== 'function') {
      throw new TypeError(`child must be a process with an IPC channel, made by fork, not ${describe(child)}`)
    }
    if (!this.#children.has(child) && !isClusterWorker(child)) {
      const hear = (message: unknown) => this.#hear(child, message)
      this.#children.set(child, hear)
      child.on('message', hear)
      // Children come and go for as long as the primary lives.
      ;(child as unknown as Leaver).once('disconnect', () => this.#detach(child))
    }
    return child
  }

  readonly close = (): void => {
    if (this.#isClosed) return
    this.#isClosed = true
    cluster.off('message', this.#hear)
    for (const child of this.#children.keys()) this.#detach(child)
    serve(undefined)
    this.#ledger.close()
  };

  [Symbol.dispose](): void {
    this.close()
  }

  #detach(child: FleetChild): void {
    const hear = this.#children.get(child)
    this.#children.delete(child)
    if (hear !== undefined) child.off('message', hear)
  }

  readonly #hear = (from: Pick<FleetChild, 'send'>, message: unknown): void => {
    if (!isOurs(message) || 're' in message) return
    // Who is gone needs no answer.
    from.send(this.#answer(message), () => {})
  }

  #answer(message: Parameters<typeof checkAskMessage>[0]): AnswerMessage | RefusalMessage {
    let checked: AskMessage
    try {
      checked = checkAskMessage(message)
    } catch (error) {
      const re = typeof message.id === 'number' ? message.id : -1
      return { spillway: MARK, re, error: messageOf(error) }
    }
    const { id, limits, asks } = checked
    const now = timeHere()
    const answers = asks.map((ask) => this.#do(ask, limits, now))
    return { spillway: MARK, re: id, answers, now }
  }

  #do(ask: Ask, limits: AskMessage['limits'], now: number): Result {
    const { of, verb, userId, a, b, activity = NO_ACTIVITY, until } = ask
    const limit = limits[of]
    try {
      if (verb === 'begin') return { ageMs: this.#ledger.begin(limit) }
      if (verb === 'reset') {
        this.#ledger.reset(limit, userId)
        return { ageMs: 0 }
      }
      if (until !== undefined && now > until) return { isStale: true }
      return this.#ledger.ask(limit, { verb, userId, a, b, activity })
    } catch (error) {
      return { error: messageOf(error) }
    }
  }
}

/** Whether the cluster passes its messages on: heard twice, a question would be done twice. */
function isClusterWorker(child: unknown): boolean {
  return Object.values(cluster.workers ?? {}).some((worker) => worker === child || worker?.process === child)
}

interface Leaver {
  once(event: 'disconnect', listener: () => void): unknown
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
