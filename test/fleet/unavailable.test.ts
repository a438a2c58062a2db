/** What becomes of decisions where the store fails, does not answer, or comes back: on faked time, with a store that does as told. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { FleetLimiter, FleetOptions } from '../../src/fleet/index.js'
import { loadFleetLimiter } from '../../src/fleet/index.js'
import type { Answer, FleetStore, Question } from '../../src/fleet/store.js'
import { RefusedError } from '../../src/fleet/store.js'
import { PlainStore } from './simulated-fleet.js'

const LIMIT = 8
const ALLOWANCE = 4

type Behaviour = 'answers' | 'hangs' | 'fails' | 'is foreign'

/** Users may have a behaviour of their own. */
class FickleStore implements FleetStore {
  behaviour: Behaviour = 'answers'
  readonly ofUsers = new Map<string, Behaviour>()
  readonly plain = new PlainStore({ limit: LIMIT, windowMs: 1000, capacity: 0, refillPerSecond: 0 })
  readonly questions: Question[] = []
  /** Lets go what hangs, in order. */
  readonly hanging: (() => void)[] = []
  beginnings = 0

  async begin(): Promise<number> {
    this.beginnings++
    return this.#by(this.behaviour, () => 0)
  }

  async ask(_: unknown, question: Question): Promise<Answer> {
    this.questions.push(question)
    return this.#by(this.ofUsers.get(question.userId) ?? this.behaviour, () => this.plain.answer(question))
  }

  async reset(): Promise<void> {
    return this.#by(this.behaviour, () => {})
  }

  async #by<Result>(behaviour: Behaviour, answer: () => Result): Promise<Result> {
    if (behaviour === 'fails') throw new Error('ECONNREFUSED')
    if (behaviour === 'is foreign') throw new RefusedError('SPILLWAY there is something else')
    if (behaviour === 'hangs') return new Promise((resolve) => this.hanging.push(() => resolve(answer())))
    return answer()
  }
}

const limiters: FleetLimiter[] = []
const told: string[] = []
let store: FickleStore

async function load(options: Partial<FleetOptions> = {}): Promise<FleetLimiter> {
  const onStateChange = (state: string) => told.push(state)
  const limiter = loadFleetLimiter({
    ...{ store, name: 'fickle', limit: LIMIT, windowMs: 1000, processes: 2, onStateChange },
    ...options,
  })
  await vi.advanceTimersByTimeAsync(20)
  limiters.push(await limiter)
  return limiter
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] })
  store = new FickleStore()
  told.length = 0
})
afterEach(() => {
  for (const limiter of limiters.splice(0)) limiter.close()
  vi.useRealTimers()
})

describe('a store that does not answer', () => {
  test('a decision waits for timeoutMs and no longer, and is then made alone', async () => {
    const limiter = await load({ timeoutMs: 35 })
    store.behaviour = 'hangs'
    let decided = 0
    const decision = limiter.check('user').finally(() => decided++)
    await vi.advanceTimersByTimeAsync(34)
    expect(decided).toBe(0)
    await vi.advanceTimersByTimeAsync(1)
    expect(decided).toBe(1)
    expect(await decision).toMatchObject({ allowed: true })
    expect(limiter.stats()).toMatchObject({ decidedAlone: 1, failures: 1, state: 'available' })
  })

  test('what depends on the store alone rejects in time', async () => {
    const limiter = await load()
    store.behaviour = 'hangs'
    const acts = [
      () => limiter.peek('user'),
      () => limiter.charge('user', 1),
      () => limiter.refund('user'),
      () => limiter.block('user', 1),
      () => limiter.unblock('user'),
      () => limiter.reset('user'),
      () => limiter.getBurstAllowance('user'),
    ]
    for (const act of acts) {
      const outcome = expect(act()).rejects.toThrow('The store of the fleet')
      await vi.advanceTimersByTimeAsync(20)
      await outcome
    }
    expect(told).toEqual(['unavailable'])
  })

  test('what waits for the limit to begin is not asked once it is too late', async () => {
    store.behaviour = 'hangs'
    const limiter = await load({ timeoutMs: 20 })
    const decision = limiter.check('user')
    await vi.advanceTimersByTimeAsync(20)
    expect(limiter.stats()).toMatchObject({ decidedAlone: 1 })
    await decision
    store.behaviour = 'answers'
    for (const begin of store.hanging) begin()
    await vi.advanceTimersByTimeAsync(20)
    expect(store.questions).toEqual([])
    // The limit has begun: the next asks at once.
    await limiter.check('user')
    expect(store.questions).toHaveLength(1)
    expect(store.beginnings).toBe(2)
  })

  test('a limiter loads without it, and begins once it answers', async () => {
    store.behaviour = 'hangs'
    const limiter = await load()
    const denied = limiter.check('user', LIMIT)
    await vi.advanceTimersByTimeAsync(20)
    expect(await denied).toMatchObject({ allowed: false })
    // The first beginning never ends: the next question makes another.
    store.behaviour = 'answers'
    await vi.advanceTimersByTimeAsync(1000)
    expect(await limiter.check('user')).toMatchObject({ allowed: true })
    expect(limiter.stats()).toMatchObject({ decidedAlone: 1, state: 'available' })
    expect(store.beginnings).toBe(3)
  })

  test.each([
    ['share', ALLOWANCE],
    ['allow', 20],
    ['deny', 0],
  ] as const)('%s: decisions in a window while it is gone', async (onUnavailable, most) => {
    const limiter = await load({ onUnavailable })
    store.behaviour = 'fails'
    for (let failure = 0; failure < 3; failure++) await limiter.check(`another ${failure}`)
    expect(told).toEqual(['unavailable'])
    let allowed = 0
    for (let request = 0; request < 10; request++) {
      if (limiter.isAllowed('user')) allowed++
      if ((await limiter.check('user')).allowed) allowed++
    }
    expect(allowed).toBe(most)
    const { denied } = limiter.stats()
    expect(denied).toBe(limiter.stats().allowed + denied - allowed - (onUnavailable === 'deny' ? 0 : 3))
  })

  test('questions while it is gone are few, and it is back within a pause', async () => {
    const limiter = await load()
    store.behaviour = 'fails'
    for (let failure = 0; failure < 3; failure++) await limiter.check('user')
    const before = limiter.stats().asked
    for (let step = 0; step < 10_000; step++) {
      limiter.isAllowed(`user ${step % 7}`)
      if (step % 3 === 0) await limiter.check(`user ${step % 5}`)
      await vi.advanceTimersByTimeAsync(1)
    }
    const asked = limiter.stats().asked - before
    // Pauses of 50 to 100 ms, then twice as long, up to 400 to 800 ms.
    expect(asked).toBeGreaterThan(10_000 / 800)
    expect(asked).toBeLessThan(10_000 / 400 + 5)
    expect(told).toEqual(['unavailable'])
    store.behaviour = 'answers'
    for (let ms = 0; ms < 801; ms++) {
      limiter.isAllowed('user')
      await vi.advanceTimersByTimeAsync(1)
    }
    expect(told).toEqual(['unavailable', 'available'])
    expect(limiter.stats().state).toBe('available')
  })

  test('one that hangs is tried again though its users have something on its way', async () => {
    const limiter = await load()
    store.behaviour = 'hangs'
    for (let step = 0; step < 5000; step++) {
      limiter.isAllowed('user')
      await vi.advanceTimersByTimeAsync(1)
    }
    expect(told).toEqual(['unavailable'])
    // By its share, in every window: what is on its way does not stay there for ever.
    const { allowed } = limiter.stats()
    expect(allowed).toBeGreaterThanOrEqual(5 * ALLOWANCE - ALLOWANCE)
    expect(allowed).toBeLessThanOrEqual(5 * ALLOWANCE + ALLOWANCE)
    store.behaviour = 'answers'
    for (let ms = 0; ms < 900; ms++) {
      limiter.isAllowed('user')
      await vi.advanceTimersByTimeAsync(1)
    }
    expect(told).toEqual(['unavailable', 'available'])
  })

  test('answers that come too late change the state of nothing, and what they settle is told once', async () => {
    const limiter = await load()
    store.behaviour = 'hangs'
    for (let request = 0; request < 3; request++) limiter.isAllowed('user')
    await vi.advanceTimersByTimeAsync(20)
    expect(limiter.stats()).toMatchObject({ failures: 1, reports: 1 })
    store.behaviour = 'answers'
    for (const letGo of store.hanging) letGo()
    await vi.advanceTimersByTimeAsync(1)
    expect((await limiter.peek('user')).remaining).toBe(LIMIT - 3)
    expect(store.questions.map(({ activity }) => activity.placesMs.length)).toEqual([2, 1])
    expect(told).toEqual([])
  })
})

describe('what does not make a store unavailable', () => {
  test('errors of one user', async () => {
    const limiter = await load()
    store.ofUsers.set('foreign', 'is foreign')
    for (let request = 0; request < 10; request++) await limiter.check('foreign')
    expect(limiter.stats()).toMatchObject({ failures: 10, decidedAlone: 10, state: 'available' })
    expect(told).toEqual([])
  })

  test('that some users get no answer while others do: as where one server of a cluster is gone', async () => {
    const limiter = await load()
    store.ofUsers.set('gone', 'hangs')
    const decisions: Promise<unknown>[] = []
    for (let step = 0; step < 230; step++) {
      for (let times = 0; times < 5 && step < 200; times++) decisions.push(limiter.check('gone'))
      await limiter.peek('well')
      await vi.advanceTimersByTimeAsync(1)
    }
    await Promise.all(decisions)
    expect(told).toEqual([])
    expect(limiter.stats().decidedAlone).toBe(1000)
  })

  test('that the process itself was held up', async () => {
    const limiter = await load()
    vi.useRealTimers()
    store.behaviour = 'hangs'
    const answers = Array.from({ length: 5 }, (_, index) => limiter.peek(`user ${index}`))
    setImmediate(() => {
      // Answers lie on the sockets when the process wakes, but timers come first.
      setImmediate(() => {
        for (const letGo of store.hanging) letGo()
      })
      const until = performance.now() + 60
      while (performance.now() < until);
    })
    await Promise.all(answers)
    expect(limiter.stats().failures).toBe(0)
  })
})

describe('fake timers that come and go', () => {
  test('waits end in time though a timer went with them', async () => {
    const limiter = await load({ timeoutMs: 20 })
    store.behaviour = 'hangs'
    const first = limiter.check('user')
    vi.useRealTimers()
    // The deadline of the first went with the fakes; a later one brings it along.
    const second = limiter.check('user')
    await Promise.all([first, second])
    vi.useFakeTimers()
    const third = limiter.check('user')
    await vi.advanceTimersByTimeAsync(20)
    await third
    expect(limiter.stats().decidedAlone).toBe(3)
  })

  test('runAllTimers ends', async () => {
    const limiter = await load()
    store.behaviour = 'hangs'
    const decision = limiter.check('user')
    await vi.runAllTimersAsync()
    await decision
    expect(vi.getTimerCount()).toBe(0)
  })
})

test('an error in onStateChange fails no decision, and is not lost', async () => {
  const errors: unknown[] = []
  const listeners = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => errors.push(error))
  try {
    const limiter = await load({
      onStateChange: (state) => {
        throw new Error(`mine, of ${state}`)
      },
    })
    store.behaviour = 'hangs'
    const decisions = Array.from({ length: 6 }, () => limiter.check('user'))
    await vi.advanceTimersByTimeAsync(20)
    await Promise.all(decisions)
    vi.useRealTimers()
    await vi.waitFor(() => expect(errors).toEqual([new Error('mine, of unavailable')]))
  } finally {
    process.removeAllListeners('uncaughtException')
    for (const listener of listeners) process.on('uncaughtException', listener)
  }
})
