/**
 * What a limiter keeps of one user, read and written whole: for the room that shares a limit between limiters, which imports this beside
 * the index. Nobody pays for it who does not.
 */
import { SCRATCH_SIZE, TICKS } from './abi.js'
import type { Limiter } from './limiter.js'
import type { Member } from './member.js'
import { MEMBER } from './member.js'
import { ticksAt } from './ticks.js'
import type { Users } from './users.js'

export { ticksAt }

/** Where one user stands at a moment. */
export interface UserRecord {
  /** Milliseconds since the user last asked, or was blocked, whichever is later. */
  idleMs: number
  /** Burst tokens then, in thousandths. `Infinity`: as many as a user never seen has. */
  tokens: number
  /** Milliseconds that a block goes on, which then began `idleMs` ago; 0 for none. */
  blockedMs: number
  /** Ages of the base admissions in the window, in ticks (a 30,000th of it), the oldest first. -1, for one just rounded up, or more. */
  ages: number[]
  /** How many admissions each age stands for; undefined: one. */
  counts: number[] | undefined
  /** The part of the present tick that has passed, 0 to 1. */
  fraction: number
}

const HEAD = 26
const LOCKED = 1
const COUNTED = 2

/** As many cells as fit the scratch area. */
const MOST_CELLS = 160

/** Adds an admission of this age to a record, in order. */
export function addPlace({ ages, counts }: UserRecord, age: number): void {
  let at = ages.length
  while (at > 0 && ages[at - 1] < age) at--
  ages.splice(at, 0, age)
  counts?.splice(at, 0, 1)
}

/** Reads what is kept of a user; undefined if nothing is. Changes nothing, and is no activity. */
export function readUser(limiter: Limiter, userId: string): UserRecord | undefined {
  const { quota, users, slot, core, now } = locate(limiter, userId)
  const bytes = core.abi.extract(core.abi.handleLow(slot), core.abi.handleHigh(slot))
  if (bytes === 0) return undefined
  const record = core.views.bytes.slice(0, bytes)
  users.core.abi.addUsers(bytes, 1)
  const view = new DataView(record.buffer)
  const ticks = ticksAt(now, quota.windowMs)
  const tick = Math.floor(ticks)
  const form = view.getUint8(24)
  const isLocked = (form & LOCKED) !== 0
  const isCounted = (form & COUNTED) !== 0
  const end = isLocked ? view.getFloat64(HEAD, true) : -Infinity
  // A block that is over was activity until it ended.
  const idleMs = now - (end <= now ? Math.max(end, view.getFloat64(8, true)) : view.getFloat64(8, true))
  const ages: number[] = []
  const counts: number[] = []
  let at = HEAD + (isLocked ? 8 : 0)
  for (let cell = view.getUint8(25); cell > 0; cell--) {
    const age = ((tick + 1 - view.getUint16(at, true)) & 0xffff) - 1
    // Ticks are kept modulo 2^16: far beyond the window they tell nothing.
    if (age < TICKS && idleMs <= quota.windowMs * 1.01) {
      ages.push(age)
      counts.push(isCounted ? view.getUint32(at + 2, true) : 1)
    }
    at += isCounted ? 6 : 2
  }
  return {
    idleMs,
    tokens: view.getFloat64(16, true),
    blockedMs: Math.max(0, end - now),
    ages,
    counts: isCounted ? counts : undefined,
    fraction: ticks - tick,
  }
}

/**
 * Keeps this of a user in place of what was kept. Of more admissions than the limit, those that leave the window first are
 * left out: a request is admitted just when it was with them.
 *
 * @returns false if there is no room for the user
 */
export function writeUser(limiter: Limiter, userId: string, record: UserRecord): boolean {
  const { member, quota, slot, core, now } = locate(limiter, userId)
  const low = core.abi.handleLow(slot)
  const high = core.abi.handleHigh(slot)
  core.abi.extract(low, high)
  const ticks = ticksAt(now, quota.windowMs)
  const tick = Math.floor(ticks)
  // Where more of the present tick has passed here, an admission would leave the window early.
  const late = ticks - tick > record.fraction ? 1 : 0
  const { ages, counts } = fitting(record, quota.limit)
  // Whoever was admitted had asked, whatever the record says: the core refuses a user with admissions after the last request.
  const newest = ages.at(-1)
  const newestMs = newest === undefined ? Infinity : ((newest - late + 0.5) * quota.windowMs) / TICKS
  const idleMs = Math.max(0, Math.min(record.idleMs, newestMs))
  const isLocked = record.blockedMs > 0
  const cellBytes = counts === undefined ? 2 : 6
  const { bytes } = core.views
  const view = new DataView(bytes.buffer, bytes.byteOffset, SCRATCH_SIZE)
  view.setUint32(0, low, true)
  view.setUint32(4, high, true)
  view.setFloat64(8, Math.max(0, now - idleMs), true)
  view.setFloat64(16, Math.max(0, record.tokens), true)
  view.setUint8(24, (isLocked ? LOCKED : 0) | (counts === undefined ? 0 : COUNTED))
  view.setUint8(25, ages.length)
  let at = HEAD
  if (isLocked) {
    view.setFloat64(at, now + record.blockedMs, true)
    at += 8
  }
  for (let index = 0; index < ages.length; index++) {
    view.setUint16(at, (tick - Math.max(-1, ages[index] - late)) & 0xffff, true)
    if (counts !== undefined) view.setUint32(at + 2, counts[index], true)
    at += cellBytes
  }
  const added = core.abi.addUsers(at, 1)
  member.attend(core.abi.wanted())
  return added > 0
}

/** The newest admissions, up to the limit, in as many cells as may be. */
function fitting({ ages, counts }: UserRecord, limit: number): Pick<UserRecord, 'ages' | 'counts'> {
  if (counts === undefined && ages.length <= MOST_CELLS) return { ages: ages.slice(-limit), counts }
  const keptAges: number[] = []
  const keptCounts: number[] = []
  let left = limit
  for (let index = ages.length - 1; index >= 0 && left > 0; index--) {
    const count = Math.min(left, counts?.[index] ?? 1)
    left -= count
    if (keptAges.at(-1) === ages[index]) keptCounts[keptCounts.length - 1] += count
    else keptCounts[keptAges.push(ages[index]) - 1] = count
  }
  let newestFirst = { ages: keptAges, counts: keptCounts }
  while (newestFirst.ages.length > MOST_CELLS) newestFirst = inPairs(newestFirst)
  return { ages: newestFirst.ages.reverse(), counts: newestFirst.counts.reverse() }
}

/** Merges neighbours, the newest first: the older of two stays as long as the newer. */
function inPairs({ ages, counts }: { ages: number[]; counts: number[] }) {
  return {
    ages: ages.filter((_, index) => index % 2 === 0),
    counts: counts.flatMap((count, index) => (index % 2 === 0 ? [count + (counts[index + 1] ?? 0)] : [])),
  }
}

function locate(limiter: Limiter, userId: string) {
  const member = (limiter as Limiter & { readonly [MEMBER]: Member })[MEMBER]
  const reading = member.reading(undefined)
  const users: Users = member.open(userId)
  const slot = users.slotOf(userId)
  const { core } = users
  // Tells the core the time, which never runs backwards there.
  core.abi.tokens(slot, reading)
  const now = core.statistics().latest
  return { member, quota: member.settings.quota, users, slot, core, now }
}
