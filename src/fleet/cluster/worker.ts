/** The store of a fleet as its processes see it: the primary, over the channel that Node gives a worker and a child. */
import process from 'node:process'
import { checkNames } from '../../limiter/index.js'
import { LedgerAnswer } from '../ledger/ledger-answer.js'
import type { Reply } from '../ledger/reply.js'
import type { Answer, FleetStore, Question, SharedLimit } from '../store.js'
import { NO_ACTIVITY, RefusedError } from '../store.js'
import { Channel } from './channel.js'
import type { Result } from './messages.js'
import { timeHere } from './messages.js'
import { servedHere } from './served.js'

const NO_RECORD: Reply['record'] = { idleMs: 0, tokens: 0, blockedMs: 0, ages: [], counts: undefined, fraction: 0 }
const STALE: Reply = { verdict: 'stale', places: 0, atMs: 0, record: NO_RECORD }

/** One for the process: its messages are one a tick, however many stores there are. */
let channel: Channel | undefined

/**
 * Keeps the limits of a fleet in the primary of this worker or child, which has called `serveFleet`; and in the primary itself. All
 * who share a name and a window must give the same limit and burst: the primary refuses others.
 *
 * It keeps no process alive that has nothing else to do.
 *
 * @throws {Error} where there is neither a primary nor `serveFleet`
 * @example
 * ```ts
 * const limiter = await loadFleetLimiter({ store: clusterStore(), name: 'api', limit: 50, processes: 4 })
 * ```
 */
export function clusterStore(options: Record<string, never> = {}): FleetStore {
  checkNames('options', options, [])
  if (servedHere() !== undefined) return new OwnStore()
  if (typeof process.send !== 'function') {
    throw new Error(
      'clusterStore needs a primary: call it in a worker of node:cluster or in a child process made by fork, or call serveFleet first',
    )
  }
  channel ??= new Channel(process as never)
  return new PrimaryStore(channel)
}

/** Limits that lie in this very process. */
class OwnStore implements FleetStore {
  async begin(limit: SharedLimit): Promise<number> {
    return this.#ledger.begin(limit)
  }

  async ask(limit: SharedLimit, { verb, userId, a, b, activity }: Question): Promise<Answer> {
    return new LedgerAnswer(this.#ledger.ask(limit, { verb, userId, a, b, activity }), limit.quota)
  }

  async reset(limit: SharedLimit, userId: string): Promise<void> {
    this.#ledger.reset(limit, userId)
  }

  get #ledger() {
    const ledger = servedHere()
    if (ledger === undefined) throw new Error('The server of the fleet is closed')
    return ledger
  }
}

/** Limits that lie in the primary. */
export class PrimaryStore implements FleetStore {
  readonly #channel: Channel
  /** By how much the primary's clock is ahead: not at all, where processes share one. */
  #aheadMs = 0

  constructor(channel: Channel) {
    this.#channel = channel
  }

  async begin(limit: SharedLimit): Promise<number> {
    const from = timeHere()
    const { result, now } = await this.#channel.ask(limit, { verb: 'begin', userId: '', a: 0, b: 0 })
    this.#aheadMs = now >= from && now <= timeHere() ? 0 : now - from
    return (answered(result) as { ageMs: number }).ageMs
  }

  async ask(limit: SharedLimit, { verb, userId, a, b, activity, usefulMs }: Question): Promise<Answer> {
    const isNone = activity.firstMs < 0 && activity.spent === 0 && activity.placesMs.length === 0
    const until = timeHere() + this.#aheadMs + usefulMs
    const { result } = await this.#channel.ask(limit, {
      ...{ verb, userId, a, b, until },
      ...(isNone || activity === NO_ACTIVITY ? {} : { activity }),
    })
    const given = answered(result)
    return new LedgerAnswer('isStale' in given ? STALE : (given as Reply), limit.quota)
  }

  async reset(limit: SharedLimit, userId: string): Promise<void> {
    const { result } = await this.#channel.ask(limit, { verb: 'reset', userId, a: 0, b: 0 })
    answered(result)
  }
}

/** @throws {RefusedError} what the primary said, if that was an error */
function answered(result: Result): Exclude<Result, { error: string }> {
  if ('error' in result) throw new RefusedError(`The primary of the fleet: ${result.error}`)
  return result
}
