/**
 * The public operations, each as a batch of calls: what has to be so before it, which is not timed, the calls, and the
 * answer that they must give together.
 */
import type { Decision, Limiter, LimiterOptions } from 'spillway'
import { checkTogether, createLimiter } from 'spillway'
import { IdMaker } from '../ids.js'
import { shuffled } from '../picks.js'
import { seededRandom } from '../seeded-random.js'
import { SteppingClock } from './clock.js'
import type { IdSource } from './strings.js'
import { longStrings, newStrings, sameStrings, slices, wideStrings } from './strings.js'

export interface Operation {
  readonly name: string
  readonly what: string
  /** Makes the batch. Nothing is made for operations that are not asked for. */
  prepare(seed: number): Batch
}

export interface Batch {
  /** Calls of a batch. */
  readonly calls: number
  /** What the calls must add up to. */
  readonly answer: number
  /** Gets ready; not timed. */
  before?(): void
  /** Makes the calls, and adds up what they say, so that none can be left out. */
  run(): number
  /** Cleans up and checks further; not timed. */
  after?(): void
}

const LIMIT = 50
const WINDOW_MS = 1000
const BURST = { capacity: 100, refillPerSecond: 1 }
/** Known users, and how often each comes in a batch: never more than 16 times in a window. */
const USERS = 1024
const TIMES = 8
/** Between two batches: longer than any window, and than it takes to earn every token. */
const JUMP_MS = 200_000
/** How far a reading moves the clock on: a batch takes far less than a window. */
const STEP_MS = 0.01
/** Admissions of a user that no longer fit into its record. */
const IN_BLOCK = 20
const LARGE_LIMIT = 10_000
/** Limiters of a batch. */
const LIMITERS = 20
/** Users of a snapshot. */
const CROWD = 1_000_000

/** Admissions of a user, and the bytes that a million with these take in a snapshot. */
interface Crowd {
  readonly admissions: (user: number) => number
  readonly bytes: number
}

/** The format says so: 96 bytes for all, 26 a user and 2 an admission. */
const few: Crowd = { admissions: (user) => 1 + (user % 3), bytes: 96 + CROWD * 26 + 2 * (2 * CROWD - 1) }
const full: Crowd = { admissions: () => LIMIT, bytes: 96 + CROWD * (26 + 2 * LIMIT) }

/** Their clock stands still, and a window never ends. */
const CROWD_OPTIONS: LimiterOptions = { limit: LIMIT, burst: BURST, windowMs: 1e9, clock: () => 0, maxUsers: CROWD }

/** What an object is kept in, so that it has to be made. */
const kept: { decision: Decision | undefined } = { decision: undefined }

export const OPERATIONS: readonly Operation[] = [
  {
    name: 'clock',
    what: 'the clock alone, which is part of every time below',
    prepare() {
      const clock = new SteppingClock(STEP_MS)
      return {
        calls: USERS * TIMES,
        answer: USERS * TIMES,
        run() {
          let sum = 0
          for (let call = 0; call < USERS * TIMES; call++) if (clock.read() > 0) sum++
          return sum
        },
      }
    },
  },
  hit('hit', 'isAllowed, admitted: a known user, the same string again', (order) => sameStrings(order, USERS)),
  hit('hit-new', 'the same, a new string of 36 characters', newStrings),
  hit('hit-slice', 'the same, a string cut out of a larger text', slices),
  hit('hit-wide', 'the same, a new string of 37 two-byte characters', wideStrings),
  hit('hit-long', 'the same, a new string of 1,000 characters', longStrings),
  { name: 'new-user', what: 'isAllowed, admitted: a user never seen', prepare: newUser },
  { name: 'check', what: 'check, admitted: a known user', prepare: (seed) => asking(seed, 'check') },
  { name: 'peek', what: 'peek: a known user', prepare: (seed) => asking(seed, 'peek') },
  { name: 'allowance', what: 'getBurstAllowance: a known user', prepare: allowance },
  {
    name: 'denied',
    what: 'isAllowed, denied: the window is full, and there are no tokens',
    prepare: (seed) => filled(seed, { before: LIMIT, calls: LIMIT, admits: 0 }),
  },
  {
    name: 'block',
    what: `isAllowed, admitted: with ${IN_BLOCK} to ${LIMIT} in the window`,
    prepare: (seed) => filled(seed, { before: IN_BLOCK, calls: LIMIT - IN_BLOCK, admits: LIMIT - IN_BLOCK }),
  },
  { name: 'large-limit', what: 'isAllowed, admitted: a limit of 10,000, 2,000 spread over the window', prepare: large },
  { name: 'reset', what: 'reset: a known user', prepare: reset },
  { name: 'own-limit', what: 'isAllowed, admitted: with a limit of its own, a known user', prepare: ownLimit },
  {
    name: 'charge',
    what: 'charge: a known user',
    prepare: (seed) => afterwards(seed, ({ charge }, id) => charge(id, 1)),
  },
  {
    name: 'refund',
    what: 'check, admitted, and refund: a known user',
    prepare: (seed) => afterwards(seed, refundOne),
  },
  {
    name: 'ban',
    what: 'block, and unblock: a known user',
    prepare: (seed) => afterwards(seed, blockAndUnblock),
  },
  { name: 'two-checks', what: 'check of two limiters, admitted', prepare: (seed) => two(seed, checkBoth) },
  { name: 'together', what: 'checkTogether of these two', prepare: (seed) => two(seed, checkAtOnce) },
  { name: 'create', what: 'createLimiter, unused', prepare: create },
  { name: 'first', what: 'isAllowed, admitted: the first decision of a limiter', prepare: first },
  {
    name: 'snapshot',
    what: 'snapshot: a million users with 1 to 3 admissions each, 30 MB',
    prepare: () => snapshot(few),
  },
  { name: 'restore', what: 'createLimiter with that snapshot', prepare: () => restore(few) },
  {
    name: 'snapshot-50',
    what: 'snapshot: a million users with 50 admissions each, 126 MB',
    prepare: () => snapshot(full),
  },
  { name: 'touch', what: 'writing to fresh memory, as much of it as restore takes: 109 MB', prepare: touch },
  { name: 'restore-50', what: 'createLimiter with that snapshot', prepare: () => restore(full) },
]

function hit(name: string, what: string, source: (order: Uint32Array) => IdSource): Operation {
  return {
    name,
    what,
    prepare(seed) {
      const { limiter, clock } = load()
      const order = orderOf(seed)
      const idsOfBatch = source(order)
      for (const id of idsOfBatch()) limiter.isAllowed(id)
      let ids: readonly string[] = []
      return {
        calls: order.length,
        answer: order.length,
        before() {
          clock.advance(JUMP_MS)
          ids = idsOfBatch()
        },
        run: () => countAdmitted(limiter, ids),
      }
    },
  }
}

/** Users go stale and are swept between batches, so that there are never more than those of some batches. */
function newUser(): Batch {
  const { limiter, clock } = load()
  const batch = 8192
  const maker = new IdMaker('uuid', batch)
  let from = 0
  return {
    calls: batch,
    answer: batch,
    before() {
      if (limiter.stats().users > 20 * batch) {
        clock.advance(JUMP_MS)
        limiter.sweep()
      }
      maker.makeRun(from, batch)
      from += batch
    },
    run: () => countAdmitted(limiter, maker.strings),
  }
}

/** Every user has asked once since the window was empty. A check takes a place of its own, and a peek none. */
function asking(seed: number, call: 'check' | 'peek'): Batch {
  const { limiter, clock } = load()
  const ids = sameStrings(shuffled(USERS, seededRandom(seed)), USERS)()
  const ask = limiter[call]
  return {
    calls: USERS,
    answer: USERS * (call === 'check' ? LIMIT - 2 : LIMIT - 1),
    before() {
      clock.advance(JUMP_MS)
      for (const id of ids) limiter.isAllowed(id)
    },
    run() {
      let remaining = 0
      for (const id of ids) {
        const decision = ask(id)
        kept.decision = decision
        remaining += decision.remaining
      }
      return remaining
    },
  }
}

function allowance(seed: number): Batch {
  const { limiter, clock } = load()
  const ids = sameStrings(orderOf(seed), USERS)()
  clock.advance(JUMP_MS)
  for (const id of ids) limiter.isAllowed(id)
  return {
    calls: ids.length,
    answer: BURST.capacity * ids.length,
    run() {
      let tokens = 0
      for (const id of ids) tokens += limiter.getBurstAllowance(id)
      return tokens
    },
  }
}

/** Each user has so many requests in the window before the calls, of which some are admitted. */
function filled(seed: number, { before, calls, admits }: { before: number; calls: number; admits: number }): Batch {
  const { limiter, clock } = load({ burst: false }, STEP_MS / 10)
  const users = 256
  const ids = sameStrings(shuffled(users, seededRandom(seed)), users)()
  return {
    calls: calls * users,
    answer: admits * users,
    before() {
      clock.advance(JUMP_MS)
      countAdmitted(limiter, ids, before)
    },
    run: () => countAdmitted(limiter, ids, calls),
  }
}

function large(seed: number): Batch {
  const inWindow = 2000
  const users = 4
  const { limiter } = load({ limit: LARGE_LIMIT, burst: false }, WINDOW_MS / inWindow / users)
  const ids = sameStrings(shuffled(users, seededRandom(seed)), users)()
  const times = 1000
  countAdmitted(limiter, ids, inWindow)
  return {
    calls: times * users,
    answer: times * users,
    run: () => countAdmitted(limiter, ids, times),
  }
}

function reset(seed: number): Batch {
  const { limiter } = load()
  const ids = sameStrings(shuffled(USERS, seededRandom(seed)), USERS)()
  return {
    calls: USERS,
    answer: USERS,
    before() {
      countAdmitted(limiter, ids)
    },
    run() {
      for (const id of ids) limiter.reset(id)
      return ids.length
    },
    after() {
      const { users } = limiter.stats()
      if (users !== 0) throw new Error(`reset: ${users} users are left`)
    },
  }
}

function ownLimit(seed: number): Batch {
  const { limiter, clock } = load()
  const ids = sameStrings(orderOf(seed), USERS)()
  return {
    calls: ids.length,
    answer: ids.length,
    before() {
      clock.advance(JUMP_MS)
    },
    run() {
      let admitted = 0
      for (const id of ids) if (limiter.isAllowed(id, { limit: LIMIT - 1 })) admitted++
      return admitted
    },
  }
}

/** What is done to users who have asked once, with an answer of 0. */
function afterwards(seed: number, act: (limiter: Limiter, id: string) => number): Batch {
  const { limiter, clock } = load()
  const ids = sameStrings(shuffled(USERS, seededRandom(seed)), USERS)()
  return {
    calls: USERS,
    answer: 0,
    before() {
      clock.advance(JUMP_MS)
      countAdmitted(limiter, ids)
    },
    run() {
      let sum = 0
      for (const id of ids) sum += act(limiter, id)
      return sum
    },
    after() {
      if (ids.some((id) => !limiter.peek(id).allowed)) throw new Error('a user is denied who is not to be')
    },
  }
}

function refundOne({ check, refund }: Limiter, id: string): number {
  const { fromBurst } = check(id)
  refund(id, 1, fromBurst)
  return fromBurst
}

function blockAndUnblock({ block, unblock }: Limiter, id: string): number {
  const blocked = block(id, JUMP_MS)
  unblock(id)
  return blocked ? 0 : 1
}

/** Two limits that every request has to meet. */
function two(seed: number, admits: (perSecond: Limiter, perDay: Limiter, id: string) => boolean): Batch {
  const clock = new SteppingClock(STEP_MS)
  const options = { burst: false, sweepIntervalMs: 0, clock: clock.read } as const
  const perSecond = createLimiter({ limit: LIMIT, windowMs: WINDOW_MS, ...options })
  const perDay = createLimiter({ limit: 1e6, windowMs: 86_400_000, ...options })
  const ids = sameStrings(orderOf(seed), USERS)()
  return {
    calls: ids.length,
    answer: ids.length,
    before() {
      clock.advance(JUMP_MS)
      perDay.clear()
    },
    run() {
      let admitted = 0
      for (const id of ids) if (admits(perSecond, perDay, id)) admitted++
      return admitted
    },
  }
}

function checkBoth(perSecond: Limiter, perDay: Limiter, id: string): boolean {
  const first = perSecond.check(id)
  const second = perDay.check(id)
  return first.allowed && second.allowed
}

function checkAtOnce(perSecond: Limiter, perDay: Limiter, userId: string): boolean {
  return checkTogether([
    { limiter: perSecond, userId },
    { limiter: perDay, userId },
  ]).allowed
}

function create(): Batch {
  let limiters: Limiter[] = []
  return {
    calls: LIMITERS,
    answer: LIMITERS,
    run() {
      for (let made = 0; made < LIMITERS; made++) limiters.push(createLimiter())
      return limiters.length
    },
    after() {
      for (const limiter of limiters) limiter.close()
      limiters = []
    },
  }
}

function first(): Batch {
  let limiters: Limiter[] = []
  return {
    calls: LIMITERS,
    answer: LIMITERS,
    before() {
      limiters = Array.from({ length: LIMITERS }, () => createLimiter())
    },
    run() {
      let admitted = 0
      for (const limiter of limiters) if (limiter.isAllowed('somebody')) admitted++
      return admitted
    },
    after() {
      for (const limiter of limiters) limiter.close()
    },
  }
}

function crowd({ admissions }: Crowd): Limiter {
  const limiter = createLimiter({ ...CROWD_OPTIONS, sweepIntervalMs: 0 })
  for (let user = 0; user < CROWD; user++) limiter.charge(`user_${user}`, admissions(user))
  return limiter
}

function snapshot(of: Crowd): Batch {
  const limiter = crowd(of)
  return { calls: 1, answer: of.bytes, run: () => limiter.snapshot().length }
}

function restore(of: Crowd): Batch {
  const limiter = crowd(of)
  const bytes = limiter.snapshot()
  limiter.close()
  let restored: Limiter
  return {
    calls: 1,
    answer: CROWD,
    run() {
      restored = createLimiter({ ...CROWD_OPTIONS, sweepIntervalMs: 0, snapshot: bytes })
      return restored.stats().users
    },
    after: () => restored.close(),
  }
}

/** What the platform takes to hand out memory, a page of 4 KB at a time. */
function touch(): Batch {
  const page = 4096
  const pages = Math.ceil(109e6 / page)
  return {
    calls: 1,
    answer: pages,
    run() {
      const memory = new Uint8Array(pages * page)
      for (let at = 0; at < memory.length; at += page) memory[at] = 1
      let sum = 0
      for (let at = 0; at < memory.length; at += page) sum += memory[at]!
      return sum
    },
  }
}

/** A limiter with the default quota unless the options say otherwise; no timer runs within a batch. */
function load(options: LimiterOptions = {}, stepMs = STEP_MS): { limiter: Limiter; clock: SteppingClock } {
  const clock = new SteppingClock(stepMs)
  const quota = { limit: LIMIT, windowMs: WINDOW_MS, burst: BURST }
  return { limiter: createLimiter({ ...quota, sweepIntervalMs: 0, clock: clock.read, ...options }), clock }
}

/** Every user so many times, in a seeded order. */
function orderOf(seed: number): Uint32Array {
  const order = shuffled(USERS, seededRandom(seed))
  return Uint32Array.from({ length: USERS * TIMES }, (_, at) => order[at % USERS]!)
}

function countAdmitted(limiter: Limiter, ids: readonly string[], times = 1): number {
  let admitted = 0
  for (let time = 0; time < times; time++) {
    for (const id of ids) if (limiter.isAllowed(id)) admitted++
  }
  return admitted
}
