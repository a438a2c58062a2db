/** Queues against a plain model, on faked time: who is admitted, when and in what order, whatever else happens. */
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Queue } from '../../src/queue/index.js'
import { limiterOf, microtasks } from './support.js'

const LIMIT = 3
const WINDOW_MS = 1000
const PATIENCE = 8
const USERS = ['a', 'b']

interface Entry {
  id: number
  cost: number
  priority: number
}

/** One user: a log of all admissions, and one line for each priority. */
class ModelUser {
  readonly log: { at: number; cost: number }[] = []
  readonly lines: Entry[][] = [[], [], [], []]
  readonly passed = [0, 0, 0, 0]
  blockedUntil = Number.NEGATIVE_INFINITY

  get waiting(): Entry[] {
    return this.lines.flat()
  }

  take(now: number, cost: number): boolean {
    const used = this.log.filter(({ at }) => at > now - WINDOW_MS).reduce((sum, entry) => sum + entry.cost, 0)
    if (now < this.blockedUntil || used + cost > LIMIT) return false
    this.log.push({ at: now, cost })
    return true
  }

  /** Gives back the newest place that is in the window. */
  giveBack(now: number): void {
    const newest = this.log.findLast(({ at, cost }) => at > now - WINDOW_MS && cost > 0)
    if (newest) newest.cost--
  }

  next(): Entry | undefined {
    const lines = [3, 2, 1, 0].filter((priority) => this.lines[priority].length > 0)
    const overdue = lines.filter((priority) => this.passed[priority] >= PATIENCE)
    const most = Math.max(...overdue.map((priority) => this.passed[priority]))
    const line = overdue.length > 0 ? overdue.findLast((priority) => this.passed[priority] === most) : lines[0]
    return line === undefined ? undefined : this.lines[line][0]
  }

  remove(entry: Entry): void {
    const line = this.lines[entry.priority]
    line.splice(line.indexOf(entry), 1)
    if (line.length === 0) this.passed[entry.priority] = 0
  }

  /** Admits who can be now. */
  admit(now: number, note: (entry: Entry) => void): void {
    for (let entry = this.next(); entry && this.take(now, entry.cost); entry = this.next()) {
      this.remove(entry)
      this.passed[entry.priority] = 0
      for (let lower = 0; lower < entry.priority; lower++) if (this.lines[lower].length > 0) this.passed[lower]++
      note(entry)
    }
  }
}

type Command =
  | { kind: 'acquire'; user: number; cost: number; priority: number }
  | { kind: 'abort'; which: number }
  | { kind: 'advance'; ms: number }
  | { kind: 'clear'; user: number | undefined }
  | { kind: 'direct'; user: number; cost: number }
  | { kind: 'refund'; user: number }
  | { kind: 'block'; user: number; ms: number }
  | { kind: 'unblock'; user: number }

const user = fc.nat(USERS.length - 1)
const acquire = fc.record({
  kind: fc.constant('acquire' as const),
  user,
  cost: fc.integer({ min: 1, max: LIMIT }),
  priority: fc.nat(3),
})
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 8, arbitrary: acquire },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.nat(1300) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('abort' as const), which: fc.nat(40) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('direct' as const), user, cost: fc.integer({ min: 1, max: LIMIT }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('clear' as const), user: fc.option(user, { nil: undefined }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('refund' as const), user }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('block' as const), user, ms: fc.integer({ min: 1, max: 3000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unblock' as const), user }) },
)

beforeEach(() => {
  vi.useFakeTimers({ now: 0 })
})
afterEach(() => {
  vi.useRealTimers()
})

async function follow(commands: readonly Command[]): Promise<void> {
  // In whole milliseconds from its beginning on: then no place comes back late.
  using limiter = limiterOf({ limit: LIMIT, windowMs: WINDOW_MS, clock: () => performance.now() })
  const queue = new Queue(limiter)
  const models = USERS.map(() => new ModelUser())
  const entries: { entry: Entry; model: ModelUser; controller: AbortController }[] = []
  const seen: string[] = []
  const wanted: string[] = []
  const now = () => performance.now()
  const admitAll = () => {
    for (const model of models) model.admit(now(), ({ id }) => wanted.push(`${id} admitted at ${now()}`))
  }

  for (const given of commands) {
    if (given.kind === 'acquire') {
      const id = entries.length
      const { cost, priority } = given
      const model = models[given.user]
      const controller = new AbortController()
      const entry = { id, cost, priority }
      entries.push({ entry, model, controller })
      queue.acquire(USERS[given.user], { cost, priority, signal: controller.signal }).then(
        () => seen.push(`${id} admitted at ${now()}`),
        (reason) => seen.push(`${id} ended: ${(reason as Error).name}`),
      )
      model.lines[priority].push(entry)
    } else if (given.kind === 'abort') {
      const found = entries[given.which]
      if (found?.model.waiting.includes(found.entry)) {
        found.model.remove(found.entry)
        wanted.push(`${found.entry.id} ended: AbortError`)
      }
      found?.controller.abort()
    } else if (given.kind === 'clear') {
      const name = given.user === undefined ? undefined : USERS[given.user]
      const cleared = given.user === undefined ? models : [models[given.user]]
      expect(queue.clear(name)).toBe(cleared.flatMap(({ waiting }) => waiting).length)
      for (const model of cleared) {
        for (const entry of model.waiting) {
          model.remove(entry)
          wanted.push(`${entry.id} ended: QueueError`)
        }
      }
    } else if (given.kind === 'advance') {
      for (let ms = 0; ms < given.ms; ms++) {
        // A millisecond at a time, as the model knows no timers.
        await vi.advanceTimersByTimeAsync(1)
        admitAll()
      }
    } else {
      const name = USERS[given.user]
      const model = models[given.user]
      if (given.kind === 'direct') expect(limiter.isAllowed(name, given.cost)).toBe(model.take(now(), given.cost))
      if (given.kind === 'refund') {
        limiter.refund(name)
        model.giveBack(now())
      }
      if (given.kind === 'block') {
        limiter.block(name, given.ms)
        model.blockedUntil = now() + given.ms
      }
      if (given.kind === 'unblock') {
        limiter.unblock(name)
        model.blockedUntil = Number.NEGATIVE_INFINITY
      }
      queue.recheck()
    }
    await microtasks()
    admitAll()
    expect([...seen].sort()).toEqual([...wanted].sort())
    for (const [index, model] of models.entries()) {
      expect(queue.size(USERS[index])).toBe(model.waiting.length)
      // In the order in which the model admits: of each user.
      const own = (list: string[]) =>
        list.filter((line) => line.includes('admitted') && entries[Number.parseInt(line, 10)].model === model)
      expect(own(seen)).toEqual(own(wanted))
    }
    const waiting = models.flatMap((model) => model.waiting).length
    expect(queue.size()).toBe(waiting)
    expect(vi.getTimerCount(), 'timers').toBe(waiting > 0 ? 1 : 0)
  }
  queue.close()
  await microtasks()
}

test('who waits is admitted when a plain model admits, in its order, by one timer', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 40 }), (commands) => follow(commands)),
    { numRuns: process.env.CI ? 150 : 40 },
  )
})

test('priorities starve nobody', async () => {
  const urgent = Array.from({ length: 30 }, () => ({ kind: 'acquire' as const, user: 0, cost: 1, priority: 3 }))
  const other = { kind: 'acquire' as const, user: 0, cost: 1, priority: 0 }
  await follow([...urgent.slice(0, 3), other, ...urgent.slice(3), { kind: 'advance', ms: 12_000 }])
})
