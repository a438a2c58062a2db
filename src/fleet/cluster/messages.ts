/**
 * What the primary and its processes tell each other over IPC, as JSON carries it:
 *
 *     to the primary   { spillway, id, limits: [{ name, quota }], asks: [{ of, verb, userId, a, b, activity, until }] }
 *     back             { spillway, re, answers: [...], now }   or   { spillway, re, error }
 *
 * A message holds all questions of one tick, and its answers are one message. Each says all that it takes to understand it, so
 * that a primary that serves anew goes on. Whatever has no such mark is somebody else's.
 */
import process from 'node:process'
import type { Quota } from '../../limiter/index.js'
import { checkNumber, describe, maxCost, QUOTA_RANGES } from '../../limiter/index.js'
import type { Reply } from '../ledger/reply.js'
import type { Activity, SharedLimit, Verb } from '../store.js'

/** The mark of a message, and the version of what is in it. */
export const MARK = 'fleet/1'
const ANY_MARK = /^fleet\//

/** A question, or one of the other two things that a store does. */
export interface Ask {
  /** Which of the message's limits it is about. */
  readonly of: number
  readonly verb: Verb | 'begin' | 'reset'
  readonly userId: string
  readonly a: number
  readonly b: number
  /** Left out if there is none. */
  readonly activity?: Activity
  /** The time after which it is not to be answered, as `timeHere` gives it in the primary; left out: none. */
  readonly until?: number
}

export interface AskMessage {
  readonly spillway: typeof MARK
  readonly id: number
  readonly limits: readonly SharedLimit[]
  readonly asks: readonly Ask[]
}

/** What became of one question: an answer, the age of a limit, that it came too late, or why there is no answer. */
export type Result = Reply | { readonly ageMs: number } | { readonly isStale: true } | { readonly error: string }

export interface AnswerMessage {
  readonly spillway: typeof MARK
  readonly re: number
  readonly answers: readonly Result[]
  /** The time when they were made. */
  readonly now: number
}

/** The answer to what could not be understood. */
export interface RefusalMessage {
  readonly spillway: typeof MARK
  readonly re: number
  readonly error: string
}

/** Milliseconds of a clock that all processes of one machine share, where the platform has one. */
export function timeHere(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** Whether a message is ours, of whatever version: what anybody may send is anything. */
export function isOurs(message: unknown): message is { readonly spillway: string } & Record<string, unknown> {
  const mark = (message as { spillway?: unknown } | null | undefined)?.spillway
  return typeof mark === 'string' && ANY_MARK.test(mark)
}

const VERBS: readonly unknown[] = [
  'begin',
  'reset',
  'decide',
  'report',
  'peek',
  'refund',
  'charge',
  'block',
  'unblock',
] satisfies Ask['verb'][]

const MOST_AFTERWARDS = QUOTA_RANGES.limit.to + QUOTA_RANGES.capacity.to
const AFTERWARDS = { from: 0, to: MOST_AFTERWARDS, whole: true }
const LONGEST_NAME = 200
const ANY = { from: -Number.MAX_VALUE, to: Number.MAX_VALUE }

/**
 * Checks all of a message, before anything in it is done.
 *
 * @throws {TypeError} {RangeError} for the first thing that is wrong
 */
export function checkAskMessage(message: { readonly spillway: string } & Record<string, unknown>): AskMessage {
  const { spillway, id, limits, asks } = message
  if (spillway !== MARK) throw new TypeError(`The primary understands ${MARK}, not ${describe(spillway)}`)
  checkNumber('id', id, { from: 0, to: Number.MAX_SAFE_INTEGER, whole: true })
  if (!Array.isArray(limits)) throw new TypeError(`limits must be an array, not ${describe(limits)}`)
  if (!Array.isArray(asks)) throw new TypeError(`asks must be an array, not ${describe(asks)}`)
  for (const limit of limits) checkLimit(limit)
  for (const ask of asks) checkAsk(ask, limits)
  return message as unknown as AskMessage
}

function checkLimit(limit: SharedLimit | null): void {
  const name: unknown = limit?.name
  if (typeof name !== 'string') throw new TypeError(`name must be a string, not ${describe(name)}`)
  if (name.length < 1 || name.length > LONGEST_NAME) throw new RangeError(`name has ${name.length} characters`)
  for (const [key, range] of Object.entries(QUOTA_RANGES)) checkNumber(key, limit?.quota?.[key as keyof Quota], range)
}

function checkAsk(ask: Ask | null, limits: readonly SharedLimit[]): void {
  const { of, verb, userId, a, b, activity, until }: { [Key in keyof Ask]?: unknown } = ask ?? {}
  checkNumber('of', of, { from: 0, to: limits.length - 1, whole: true })
  const { quota } = limits[of as number] as SharedLimit
  if (!VERBS.includes(verb)) throw new RangeError(`there is no verb ${describe(verb)}`)
  if (typeof userId !== 'string') throw new TypeError(`userId must be a string, not ${describe(userId)}`)
  if (until !== undefined) checkNumber('until', until, ANY)
  if (verb === 'decide' || verb === 'peek') {
    checkNumber('a', a, { from: 1, to: maxCost(quota), whole: true })
    checkNumber('b', b, { from: 0, to: quota.limit, whole: true })
  } else {
    checkNumber('a', a, verb === 'block' ? { from: 1, to: 2 ** 42 } : AFTERWARDS)
    checkNumber('b', b, verb === 'refund' ? { ...AFTERWARDS, to: MOST_AFTERWARDS - (a as number) } : AFTERWARDS)
  }
  if (activity !== undefined) checkActivity(activity as Activity | null)
}

function checkActivity(activity: Activity | null): void {
  const { firstMs, lastMs, earnedMs, spent, placesMs }: { [Key in keyof Activity]?: unknown } = activity ?? {}
  for (const [name, ms] of Object.entries({ firstMs, lastMs })) checkNumber(name, ms, ANY)
  checkNumber('earnedMs', earnedMs, { from: 0, to: Number.MAX_VALUE })
  checkNumber('spent', spent, AFTERWARDS)
  if (!Array.isArray(placesMs)) throw new TypeError(`placesMs must be an array, not ${describe(placesMs)}`)
  for (const ms of placesMs) checkNumber('placesMs', ms, ANY)
}
