/**
 * How fast servers want to be asked: what their answers told, by key, as the number of requests that may still leave until a reset.
 *
 * - Requests that left and are not answered are counted as if the server had not counted them yet: too few leave rather than
 *   too many.
 * - At the reset a new period begins, with as many as the server was ever seen to have, or a few where it has told nothing yet.
 * - Where others take from the same limit (less is left than own requests explain, or there is a 429), only as many are in
 *   flight as a quarter of what is left, so each answer tells of the others before the next leaves, and periods begin at
 *   random moments. That lasts for ten periods after the last sign of others.
 * - Nothing is put off for longer than `maxWaitMs`. Where a server asks for more, one request at a time leaves.
 */
import { systemClock } from '../limiter/index.js'
import type { HeaderSource } from './server-limits.js'
import { readServerLimits } from './server-limits.js'

/** Requests that leave in a second while a server has said nothing: a quarter at once, and then as it answers. */
const FIRST = 40

/** The part of what is left that may be in flight where others take from the same limit: one of so many. */
const SHARE = 4

/** Milliseconds of a period at least; and the unit of waits that no server tells. */
const PERIOD_MS = 1000

/** Servers that are remembered. Beyond, the one that answered least recently is forgotten. */
const MOST = 10_000

interface Server {
  /** Requests that may leave in this period: those in flight are taken off already. */
  left: number
  /** What was taken off `left` for others. */
  reserve: number
  /** Places of requests that left in this period and are not answered. */
  unanswered: number
  /** When the next period begins. */
  resetAt: number
  periodMs: number
  /** What a period begins with. */
  most: number
  /** Whether the server has told what is left. */
  tells: boolean
  sharedUntil: number
  /** 0 to 1, for this period. */
  random: number
  /** Periods so far; requests so far; and the latest of those that was answered. */
  period: number
  sent: number
  answered: number
  /** When the queue was told to ask again. */
  askAt: number
}

/** A request that left. */
interface Departure {
  readonly key: string
  readonly server: Server
  readonly period: number
  readonly turn: number
  readonly places: number
}

/** What is needed of a response. */
export interface Answer {
  readonly status: number
  readonly headers: HeaderSource
}

export class ServerPace {
  readonly #maxWaitMs: number
  readonly #servers = new Map<string, Server>()

  constructor(maxWaitMs: number) {
    this.#maxWaitMs = maxWaitMs
  }

  /** Milliseconds until a request may leave: 0 if it may now. Sooner, if an answer says so. */
  waitMs(key: string): number {
    const server = this.#servers.get(key)
    if (server === undefined) return 0
    const now = systemClock()
    const isShared = now < server.sharedUntil
    if (now >= server.resetAt) {
      server.period++
      server.unanswered = 0
      server.random = Math.random()
      server.left = isShared ? SHARE : server.most
      server.reserve = 0
      server.resetAt = now + server.periodMs
    }
    const { left, unanswered, resetAt } = server
    const isCareful = isShared || server.period === 0
    const mayLeave = left > 0 && (!isCareful || unanswered * SHARE < Math.min(FIRST, left + unanswered))
    server.askAt = mayLeave ? 0 : resetAt
    return mayLeave ? 0 : resetAt - now
  }

  /** Counts a request that leaves at once; with places below 0, takes that back. */
  take(key: string, places: number): void {
    const server = this.#server(key)
    server.left -= places
    server.unanswered += places
  }

  /** A request leaves, which was counted. */
  depart(key: string, places: number): Departure {
    const server = this.#server(key)
    return { key, server, period: server.period, turn: ++server.sent, places }
  }

  /**
   * Takes what an answer tells; without one, the request failed.
   *
   * @param attempt how often the request was sent before
   * @returns milliseconds after which the request may be sent again, beside those of `waitMs`; undefined if there is no need
   *   to, or if that is put off for too long
   */
  arrive({ key, server, period, turn, places }: Departure, answer: Answer | undefined, attempt: number) {
    const isNow = period === server.period
    if (isNow) server.unanswered -= places
    if (answer === undefined) return undefined
    // To the end of the line of those that are forgotten.
    this.#servers.delete(key)
    this.#servers.set(key, server)

    const { status, headers } = answer
    const { remaining, resetMs = 0, retryAfterMs } = readServerLimits(headers, Date.now())
    const now = systemClock()
    const share = () => {
      server.sharedUntil = now + 10 * server.periodMs
    }
    const resetIn = (ms: number) => {
      server.periodMs = Math.min(Math.max(ms, PERIOD_MS), this.#maxWaitMs)
      const more = now < server.sharedUntil ? (server.random * server.periodMs) / SHARE : 0
      // Servers round times, ours to a 15,000th of the window.
      server.resetAt = now + Math.min(ms * 1.0001 + 1 + more, this.#maxWaitMs)
    }
    // One at a time leaves, and the next when that is answered.
    const probe = () => {
      resetIn(PERIOD_MS)
      share()
      server.left = SHARE - server.unanswered
    }

    if (remaining !== undefined) {
      // A few are left for others, who may have sent what is not counted yet.
      const reserve = now < server.sharedUntil ? SHARE - 1 : 0
      const left = remaining - server.unanswered - reserve
      // Answers overtake each other: one to an earlier request may only lower what is left.
      if (turn > server.answered || (isNow && left <= server.left)) {
        if (server.tells && isNow && remaining < server.left + server.reserve) share()
        server.answered = turn
        server.most = server.tells ? Math.max(server.most, remaining + 1) : remaining + 1
        server.tells = true
        server.left = left
        server.reserve = reserve
        resetIn(resetMs)
        if (left <= 0 && resetMs > this.#maxWaitMs) probe()
      }
    } else if (!server.tells && status !== 429) {
      server.most = Infinity
      // Where it has denied without telling, more leave as answers come.
      if (now < server.sharedUntil) server.left += 2 * places
      else server.resetAt = now
    }

    const isDenied = status === 429 || status === 503
    // With other statuses Retry-After means something else: when to look for a result, or to follow.
    const told = (status >= 400 && retryAfterMs) || (status === 429 && remaining === 0 && resetMs) || undefined
    const backoffMs = PERIOD_MS * 2 ** attempt
    if (told === undefined && status !== 429) return isDenied ? Math.random() * backoffMs : undefined
    const waitMs = told ?? server.random * backoffMs
    share()
    if (waitMs > this.#maxWaitMs) {
      probe()
      return undefined
    }
    const pausedUntil = server.left > 0 ? 0 : server.resetAt
    resetIn(waitMs)
    server.resetAt = Math.max(pausedUntil, server.resetAt)
    server.left = Math.min(0, server.left)
    return isDenied ? 0 : undefined
  }

  /** Whether a request may leave earlier than `waitMs` said when it was asked. */
  isSooner(key: string): boolean {
    const askAt = this.#servers.get(key)?.askAt ?? 0
    return askAt > 0 && systemClock() + this.waitMs(key) < askAt
  }

  #server(key: string): Server {
    let server = this.#servers.get(key)
    if (server === undefined) {
      const periodMs = Math.min(PERIOD_MS, this.#maxWaitMs)
      server = {
        left: FIRST,
        reserve: 0,
        unanswered: 0,
        resetAt: systemClock() + periodMs,
        periodMs,
        most: FIRST,
        tells: false,
        sharedUntil: 0,
        random: Math.random(),
        period: 0,
        sent: 0,
        answered: 0,
        askAt: 0,
      }
      this.#servers.set(key, server)
      for (const oldest of this.#servers.keys()) {
        if (this.#servers.size <= MOST) break
        this.#servers.delete(oldest)
      }
    }
    return server
  }
}
