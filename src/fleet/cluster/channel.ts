/**
 * Questions over an IPC channel: those of one tick in one message, and each message answered by one.
 *
 * A listener for messages keeps a process alive, as Node has it. This one does not, where Node offers the means
 * (`refCounted`, which its own listeners use too): others that the program has still do.
 */
import process from 'node:process'
import type { SharedLimit } from '../store.js'
import type { Ask, AskMessage, Result } from './messages.js'
import { isOurs, MARK } from './messages.js'

/** What of `process` is used. */
export interface Parent {
  readonly connected: boolean
  readonly channel?: { refCounted?(): void; unrefCounted?(): void } | null | undefined
  send(message: object, callback: (error: Error | null) => void): boolean
  on(event: 'message', listener: (message: unknown) => void): unknown
  once(event: 'disconnect', listener: () => void): unknown
}

/** What the primary said to one question, and when. */
interface Answered {
  readonly result: Result
  readonly now: number
}

interface Waiter {
  readonly resolve: (answered: Answered) => void
  readonly reject: (error: Error) => void
}

/** The questions of one tick. */
class Batch {
  readonly limits: SharedLimit[] = []
  readonly asks: Ask[] = []
  readonly waiters: Waiter[] = []

  add(limit: SharedLimit, ask: Omit<Ask, 'of'>, waiter: Waiter): void {
    let of = this.limits.indexOf(limit)
    if (of < 0) of = this.limits.push(limit) - 1
    this.asks.push({ of, ...ask })
    this.waiters.push(waiter)
  }

  reject(error: Error): void {
    for (const { reject } of this.waiters) reject(error)
  }
}

/** Messages without an answer of which somebody still knows: a parent that serves no fleet answers none. */
const MOST_OPEN = 1000

export class Channel {
  readonly #parent: Parent
  #id = 0
  #next: Batch | undefined
  /** By the id of the message, the oldest first. */
  readonly #open = new Map<number, Batch>()

  constructor(parent: Parent) {
    this.#parent = parent
    parent.on('message', (message) => this.#hear(message))
    parent.once('disconnect', () => this.#end())
    for (let listener = 0; listener < 2; listener++) parent.channel?.unrefCounted?.()
  }

  /** Puts a question. Rejects if the channel is closed, or if it closes before there is an answer. */
  ask(limit: SharedLimit, ask: Omit<Ask, 'of'>): Promise<Answered> {
    return new Promise((resolve, reject) => {
      if (!this.#parent.connected) {
        reject(disconnected())
        return
      }
      if (this.#next === undefined) {
        this.#next = new Batch()
        // Behind all that is ready to run now, which may ask too.
        queueMicrotask(() => process.nextTick(() => this.#send()))
      }
      this.#next.add(limit, ask, { resolve, reject })
    })
  }

  #send(): void {
    const batch = this.#next
    this.#next = undefined
    if (batch === undefined) return
    const id = this.#id++
    this.#open.set(id, batch)
    const { limits, asks } = batch
    this.#parent.send({ spillway: MARK, id, limits, asks } satisfies AskMessage, (error) => {
      if (error !== null && error !== undefined) this.#take(id)?.reject(error)
    })
    if (this.#open.size <= MOST_OPEN) return
    const [oldest] = this.#open.keys()
    this.#take(oldest)?.reject(new Error('The primary does not answer: does it call serveFleet?'))
  }

  #hear(message: unknown): void {
    if (!isOurs(message) || message.spillway !== MARK || typeof message.re !== 'number') return
    const batch = this.#take(message.re)
    if (batch === undefined) return
    const { answers, now, error } = message as { answers?: Result[]; now?: number; error?: unknown }
    if (!Array.isArray(answers) || answers.length !== batch.waiters.length || typeof now !== 'number') {
      batch.reject(new Error(`The primary of the fleet: ${error ?? 'it gave what is no answer'}`))
      return
    }
    for (const [index, { resolve }] of batch.waiters.entries()) resolve({ result: answers[index], now })
  }

  #take(id: number): Batch | undefined {
    const batch = this.#open.get(id)
    this.#open.delete(id)
    return batch
  }

  #end(): void {
    const batches = [...this.#open.values(), ...(this.#next === undefined ? [] : [this.#next])]
    this.#open.clear()
    this.#next = undefined
    for (const batch of batches) batch.reject(disconnected())
  }
}

function disconnected(): Error {
  return new Error('The channel to the primary is closed')
}
