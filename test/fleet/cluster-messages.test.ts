/** What the primary and its processes say to each other, without processes: batches, deadlines, and what is malformed. */
import cluster from 'node:cluster'
import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Parent } from '../../src/fleet/cluster/channel.js'
import { Channel } from '../../src/fleet/cluster/channel.js'
import type { FleetServer } from '../../src/fleet/cluster/index.js'
import { clusterStore, serveFleet } from '../../src/fleet/cluster/index.js'
import { timeHere } from '../../src/fleet/cluster/messages.js'
import { PrimaryStore } from '../../src/fleet/cluster/worker.js'
import { loadFleetLimiter } from '../../src/fleet/index.js'
import type { Question, SharedLimit } from '../../src/fleet/store.js'
import { NO_ACTIVITY } from '../../src/fleet/store.js'

/** What a child sends and is sent, each message through JSON. */
class FakeChild extends EventEmitter {
  readonly sent: Record<string, unknown>[] = []
  /** Where answers go, if not only here. */
  parent: FakeParent | undefined

  send(message: object, callback: (error: Error | null) => void): boolean {
    const copy = JSON.parse(JSON.stringify(message))
    this.sent.push(copy)
    callback(null)
    queueMicrotask(() => this.parent?.emit('message', copy))
    return true
  }
}

/** The same, seen by the child. */
class FakeParent extends EventEmitter implements Parent {
  readonly child: FakeChild
  connected = true
  failure: Error | null = null
  readonly sent: Record<string, unknown>[] = []

  constructor(child: FakeChild) {
    super()
    this.child = child
    child.parent = this
  }

  send(message: object, callback: (error: Error | null) => void): boolean {
    const copy = JSON.parse(JSON.stringify(message))
    this.sent.push(copy)
    callback(this.failure)
    if (this.failure === null) this.child.emit('message', copy)
    return true
  }
}

const limit: SharedLimit = { name: 'api', quota: { limit: 5, windowMs: 3_600_000, capacity: 2, refillPerSecond: 0 } }
const question: Question = { verb: 'decide', userId: 'user', a: 1, b: 5, activity: NO_ACTIVITY, usefulMs: 60_000 }

let server: FleetServer
let child: FakeChild
let parent: FakeParent
let store: PrimaryStore
beforeEach(() => {
  server = serveFleet()
  child = server.attach(new FakeChild())
  parent = new FakeParent(child)
  store = new PrimaryStore(new Channel(parent))
})
afterEach(() => server.close())

const taken = async () => (await clusterStore().ask(limit, { ...question, verb: 'peek' })).taken

test('all questions of one tick are one message each way, of all limits and in their order', async () => {
  const other: SharedLimit = { name: 'other', quota: { ...limit.quota, limit: 7 } }
  await Promise.all([store.begin(limit), store.begin(other)])
  const later = Promise.resolve().then(() => store.ask(limit, question))
  const answers = await Promise.all([
    store.ask(limit, question),
    store.ask(other, question),
    store.ask(limit, { ...question, verb: 'report', activity: { ...NO_ACTIVITY, placesMs: [3] } }),
    store.reset(other, 'user'),
    store.ask(other, { ...question, verb: 'peek' }),
    later,
  ])
  expect(answers.map((answer) => answer?.taken)).toEqual([1, 1, 2, undefined, 0, 3])
  expect(parent.sent).toHaveLength(2)
  expect(child.sent).toHaveLength(2)
})

test('answers are what they are in the primary itself', async () => {
  const own = clusterStore()
  await store.begin(limit)
  await store.ask(limit, { ...question, a: 3 })
  await own.ask(limit, { ...question, verb: 'block', a: 1000 })
  for (const verb of ['peek', 'decide', 'report'] as const) {
    const [here, there] = await Promise.all([own, store].map((asked) => asked.ask(limit, { ...question, verb })))
    expect([there.verdict, there.places, there.taken]).toEqual([here.verdict, here.places, here.taken])
    expect(there.record().counts).toBeUndefined()
    expect(there.record().ages).toHaveLength(3)
  }
  // Whoever changes a record changes it for himself.
  const answer = await store.ask(limit, question)
  answer.record().ages.push(1)
  expect(answer.taken).toBe(3)
})

test('a question that comes too late does nothing', async () => {
  await store.begin(limit)
  const { verdict } = await store.ask(limit, { ...question, usefulMs: -1 })
  expect(verdict).toBe('stale')
  expect(await taken()).toBe(0)
})

test('deadlines hold where the processes’ clocks differ', async () => {
  const ahead = BigInt(Math.round((timeHere() + 1e9) * 1e6))
  child.prependListener('message', () => vi.spyOn(process.hrtime, 'bigint').mockReturnValue(ahead))
  parent.prependListener('message', () => vi.restoreAllMocks())
  await store.begin(limit)
  expect((await store.ask(limit, question)).verdict).toBe('admitted')
  expect((await store.ask(limit, { ...question, usefulMs: -60_000 })).verdict).toBe('stale')
})

test('messages of others are nobody’s business', () => {
  for (const message of [null, undefined, 1, 'fleet/1', {}, [], { spillway: 1 }, { spillway: 'other' }, { id: 1 }]) {
    child.emit('message', message)
  }
  expect(child.sent).toEqual([])
})

const ask = { of: 0, verb: 'decide', userId: 'user', a: 1, b: 5 }
const activity = { firstMs: 1, lastMs: 0, earnedMs: 0, spent: 0, placesMs: [1] }
const malformed: [what: string, message: Record<string, unknown>, error: RegExp][] = [
  ['of another version', { spillway: 'fleet/2' }, /understands fleet\/1, not "fleet\/2"/],
  ['without an id', { id: undefined }, /^id must be a whole number/],
  ['without questions', { asks: null }, /^asks must be an array, not null/],
  ['without limits', { limits: 'api' }, /^limits must be an array/],
  ['with nothing for a question', { asks: [ask, null] }, /^of must be/],
  ['about no limit', { asks: [{ ...ask, of: 1 }] }, /^of must be/],
  ['with nothing for a limit', { limits: [null] }, /^name must be a string/],
  ['with a name that is too long', { limits: [{ ...limit, name: 'n'.repeat(201) }] }, /201 characters/],
  ['without a quota', { limits: [{ name: 'api' }] }, /^limit must be/],
  ['with a wrong quota', { limits: [{ name: 'api', quota: { ...limit.quota, windowMs: 0 } }] }, /^windowMs must be/],
  ['with an unknown verb', { asks: [{ ...ask, verb: 'toString' }] }, /there is no verb "toString"/],
  ['about no user', { asks: [{ ...ask, userId: 7 }] }, /^userId must be a string, not 7/],
  ['with a cost of none', { asks: [{ ...ask, a: 0 }] }, /^a must be a whole number from 1 to 7/],
  ['with a cost that JSON lost', { asks: [{ ...ask, a: null }] }, /^a must be/],
  ['with a limit above the limit', { asks: [{ ...ask, b: 6 }] }, /^b must be a whole number from 0 to 5/],
  ['with an endless block', { asks: [{ ...ask, verb: 'block', a: 2 ** 43 }] }, /^a must be/],
  ['with a refund of too much', { asks: [{ ...ask, verb: 'refund', a: 2e9, b: 1 }] }, /^b must be/],
  ['with a wrong deadline', { asks: [{ ...ask, until: 'soon' }] }, /^until must be/],
  ['with wrong activity', { asks: [{ ...ask, activity: 1 }] }, /^firstMs must be/],
  ['with wrong places', { asks: [{ ...ask, activity: { ...activity, placesMs: [1, 'x'] } }] }, /^placesMs must be/],
  ['without places', { asks: [{ ...ask, activity: { ...activity, placesMs: 1 } }] }, /^placesMs must be an array/],
  ['with tokens earned backwards', { asks: [{ ...ask, activity: { ...activity, earnedMs: -1 } }] }, /^earnedMs must/],
]
test.each(malformed)('a message %s is refused, and nothing in it done', async (_, wrong, error) => {
  const fine = { spillway: 'fleet/1', id: 7, limits: [limit], asks: [ask] }
  const asks = [ask, ...((wrong.asks as unknown[]) ?? [])]
  child.emit('message', { ...fine, ...wrong, ...(Array.isArray(wrong.asks) ? { asks } : {}) })
  expect(child.sent).toEqual([{ spillway: 'fleet/1', re: 'id' in wrong ? -1 : 7, error: expect.stringMatching(error) }])
  expect(await taken()).toBe(0)
})

test('a limit that others began with another quota is refused', async () => {
  await store.begin(limit)
  const other = { ...limit, quota: { ...limit.quota, limit: 6 } }
  await expect(store.begin(other)).rejects.toThrow("The limit 'api' has limit 5 in the store, not 6")
  await expect(store.ask(other, question)).rejects.toThrow('all processes must give it the same')
  // Another window is another limit.
  expect(await store.begin({ ...limit, quota: { ...limit.quota, windowMs: 1000 } })).toBeGreaterThanOrEqual(0)
})

test('what cannot be sent is rejected', async () => {
  parent.failure = new Error('EPIPE')
  await expect(store.begin(limit)).rejects.toThrow('EPIPE')
})

test('a channel that closes rejects what is open and what comes', async () => {
  server.close()
  const open = store.begin(limit)
  await new Promise(setImmediate)
  const unsent = store.begin(limit)
  parent.connected = false
  parent.emit('disconnect')
  for (const question of [open, unsent, store.begin(limit)]) {
    await expect(question).rejects.toThrow('The channel to the primary is closed')
  }
})

test('answers that are none are errors', async () => {
  server.close()
  for (const answer of [{ error: 'no' }, { answers: [] }, { answers: [{}, {}], now: 1 }, {}]) {
    const open = store.begin(limit)
    await new Promise(setImmediate)
    parent.emit('message', { spillway: 'fleet/1', re: 99, ...answer })
    parent.emit('message', { spillway: 'fleet/1', re: parent.sent.at(-1)?.id, ...answer })
    await expect(open).rejects.toThrow(/^The primary of the fleet: (no|it gave what is no answer)$/)
  }
})

test('a parent that answers nothing does not cost ever more memory', async () => {
  server.close()
  const first = store.begin(limit)
  first.catch(() => {})
  for (let tick = 0; tick <= 1000; tick++) {
    store.begin(limit).catch(() => {})
    await new Promise(setImmediate)
  }
  await expect(first).rejects.toThrow('The primary does not answer: does it call serveFleet?')
})

test('a child is attached once, and left when it goes and when the server closes', () => {
  server.attach(child)
  expect(child.listenerCount('message')).toBe(1)
  child.emit('disconnect')
  expect(child.listenerCount('message')).toBe(0)
  const another = server.attach(new FakeChild())
  server.close()
  expect(another.listenerCount('message')).toBe(0)
  expect(() => server.attach(another)).toThrow('The server is closed')
})

test('a worker of node:cluster is not attached twice', () => {
  const worker = Object.assign(new FakeChild(), { process: new FakeChild() })
  vi.spyOn(cluster, 'workers', 'get').mockReturnValue({ 1: worker as never })
  for (const child of [worker, worker.process]) {
    expect(server.attach(child)).toBe(child)
    expect(child.listenerCount('message')).toBe(0)
  }
  vi.restoreAllMocks()
})

test('wrong options and children are refused', () => {
  server.close()
  expect(() => serveFleet({ maxUsers: 0 })).toThrow(RangeError)
  expect(() => serveFleet({ users: 1 } as never)).toThrow(TypeError)
  expect(() => clusterStore({ port: 1 } as never)).toThrow(TypeError)
  server = serveFleet({ maxUsers: 10 })
  expect(() => server.attach({} as never)).toThrow('child must be a process with an IPC channel')
})

test('a limiter in the primary itself shares the limits of its workers', async () => {
  const { windowMs } = limit.quota
  const options = { name: 'api', limit: 5, windowMs, burst: { capacity: 2, refillPerSecond: 0 }, processes: 2 }
  const own = await loadFleetLimiter({ store: clusterStore(), ...options })
  await store.ask(limit, { ...question, a: 4 })
  expect(await own.check('user')).toMatchObject({ allowed: true, remaining: 0 })
  expect(await own.check('user')).toMatchObject({ allowed: false, reason: 'limit' })
  own.close()
})

test('a limiter with another quota is not loaded, and is told why', async () => {
  await store.begin(limit)
  const { windowMs } = limit.quota
  const other = loadFleetLimiter({ store, name: 'api', limit: 4, windowMs, processes: 2, timeoutMs: 60_000 })
  await expect(other).rejects.toThrow("The limit 'api' has limit 5 in the store, not 4")
})
