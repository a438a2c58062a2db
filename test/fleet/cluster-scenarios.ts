/**
 * Programs of several processes, run by `cluster-processes.test.ts` as one bundle: the first argument names the scenario, and the
 * result is what the primary prints. They wait for events, never for a time.
 */
import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import type { Worker } from 'node:cluster'
import cluster from 'node:cluster'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { worstWindow } from '../../bench/worst-window.js'
import { clusterStore, serveFleet } from '../../src/fleet/cluster/index.js'
import { timeHere } from '../../src/fleet/cluster/messages.js'
import type { FleetLimiter, FleetOptions, FleetState } from '../../src/fleet/index.js'
import { loadFleetLimiter } from '../../src/fleet/index.js'
import { Ledger } from '../../src/fleet/ledger/ledger.js'

const [, script = '', scenario = '', role = cluster.isPrimary ? 'primary' : 'worker', flag = ''] = process.argv
const WORKERS = 4
const LIMIT = 50
/** Short, since scenarios last for several. */
const WINDOW_MS = 500
const ALLOWANCE = 13

/** So patient that no machine is too slow, and so strict that a failure would show. */
const PATIENT = { timeoutMs: 60_000, onUnavailable: 'deny' } as const

function load(options: Partial<FleetOptions> = {}): Promise<FleetLimiter> {
  const quota = { name: 'api', limit: LIMIT, windowMs: WINDOW_MS, processes: WORKERS, allowance: ALLOWANCE }
  return loadFleetLimiter({ store: clusterStore(), ...quota, ...PATIENT, ...options })
}

/** The reading of the clock that whoever reads it got last. */
let reading = 0
const { now } = performance
performance.now = () => {
  reading = now.call(performance)
  return reading
}

/** When the ledger admitted somebody, by its own clock, and for whom. */
const admitted: { userId: string; time: number }[] = []
const { ask } = Ledger.prototype
Ledger.prototype.ask = function (limit, question) {
  const reply = ask.call(this, limit, question)
  const { verb, userId, a } = question
  if (verb === 'decide' && reply.verdict === 'admitted') {
    for (let place = reply.places; place < a; place++) admitted.push({ userId, time: reading })
  }
  return reply
}

const toPrimary = (message: object) => process.send?.({ test: message })

/** Waits for a message that a worker or a child sends as a test. */
function from<Message>(worker: Worker | ChildProcess): Promise<Message> {
  return new Promise((resolve) => {
    const listener = ({ test }: { test?: Message }) => {
      if (test === undefined) return
      worker.off('message', listener)
      resolve(test)
    }
    worker.on('message', listener)
  })
}

async function endWorkers(): Promise<void> {
  const workers = Object.values(cluster.workers ?? {}) as Worker[]
  const ended = workers.map((worker) => once(worker, 'exit'))
  for (const worker of workers) worker.process.kill('SIGKILL')
  await Promise.all(ended)
}

/** Workers ask as fast as they can until the fleet was admitted more than two windows' worth. */
async function hammer(): Promise<object> {
  serveFleet()
  const workers = Array.from({ length: WORKERS }, () => cluster.fork())
  const times: number[] = []
  await new Promise<void>((resolve) => {
    for (const worker of workers) {
      worker.on('message', ({ test }: { test?: { times: number[] } }) => {
        times.push(...(test?.times ?? []))
        if (times.length > 4 * LIMIT) resolve()
      })
    }
  })
  await endWorkers()
  const byLedger = admitted.map(({ time }) => time)
  const worst = (some: number[]) =>
    worstWindow(
      some.sort((one, other) => one - other),
      WINDOW_MS,
    )
  return { told: times.length, byWorkers: worst(times), byLedger: worst(byLedger) }
}

async function hammerByCheck(): Promise<void> {
  const limiter = await load()
  for (;;) {
    const decisions = await Promise.all(Array.from({ length: 20 }, () => limiter.check('user')))
    const count = decisions.filter(({ allowed }) => allowed).length
    if (count > 0) toPrimary({ times: Array(count).fill(timeHere()) })
    await new Promise(setImmediate)
  }
}

async function hammerByIsAllowed(): Promise<void> {
  const limiter = await load()
  for (;;) {
    const times: number[] = []
    for (let call = 0; call < 20; call++) if (limiter.isAllowed('user')) times.push(timeHere())
    if (times.length > 0) toPrimary({ times })
    await new Promise(setImmediate)
  }
}

/** A worker dies with questions on their way; another goes on. */
async function crash(): Promise<object> {
  serveFleet()
  const worker = cluster.fork()
  const [, signal] = (await once(worker, 'exit')) as [number, string]
  const other = cluster.fork({ ROLE: 'other' })
  const { remaining } = await from<{ remaining: number }>(other)
  await endWorkers()
  return { signal, taken: LIMIT - 1 - remaining, admitted: admitted.length - 1 }
}

async function crashingWorker(): Promise<void> {
  const limiter = await load({ windowMs: 3_600_000 })
  if (process.env.ROLE === 'other') {
    toPrimary(await limiter.check('user'))
    return
  }
  for (let question = 0; question < 10; question++) limiter.check('user')
  setImmediate(() => process.kill(process.pid, 'SIGKILL'))
}

/** The primary stands still until a worker has decided without it. */
async function stall(): Promise<object> {
  serveFleet()
  const worker = cluster.fork()
  await from(worker)
  writeFileSync(`${flag}-begun`, '')
  while (!existsSync(flag)) {}
  const result = await from<object>(worker)
  await endWorkers()
  return { ...result, decided: admitted.filter(({ userId }) => userId === 'meanwhile').length }
}

async function stalledWorker(): Promise<void> {
  const states: FleetState[] = []
  const onStateChange = (state: FleetState) => states.push(state)
  const limiter = await load({ timeoutMs: 20, onUnavailable: 'share', windowMs: 3_600_000, onStateChange })
  toPrimary({})
  while (!existsSync(`${flag}-begun`)) await new Promise(setImmediate)
  const { decidedAlone } = limiter.stats()
  const { allowed } = await limiter.check('meanwhile')
  const isAlone = limiter.stats().decidedAlone === decidedAlone + 1
  while (limiter.stats().state === 'available') await limiter.check('meanwhile')
  writeFileSync(flag, '')
  for (let user = 0; limiter.stats().state === 'unavailable'; user++) {
    await limiter.check(`user ${user}`)
    await new Promise(setImmediate)
  }
  toPrimary({ allowed, isAlone, states: states.slice(-2) })
}

/** Children that `fork` of `node:child_process` made, beside the primary itself. */
async function children(): Promise<object> {
  const server = serveFleet()
  const own = await load({ windowMs: 3_600_000, timeoutMs: 2000 })
  const mine = await own.check('user')
  const seen: number[] = [mine.remaining]
  const exits: unknown[] = []
  for (let child = 0; child < 2; child++) {
    const forked = server.attach(fork(script, [scenario, 'child']))
    const exit = once(forked, 'exit')
    seen.push((await from<{ remaining: number }>(forked)).remaining)
    // It has nothing more to do, and the limiter must not keep it: the next comes when it is gone.
    const [code] = await exit
    exits.push(code)
  }
  const { remaining } = await own.check('user')
  return { seen: [...seen, remaining], exits }
}

async function child(): Promise<void> {
  // The wait for an answer keeps the process as long as it may take.
  const limiter = await load({ windowMs: 3_600_000, timeoutMs: 2000 })
  toPrimary(await limiter.check('user'))
}

/** A child whose parent goes away with a question open. */
async function disconnect(): Promise<object> {
  const forked = fork(script, [scenario, 'child', flag])
  // Nobody serves, so the question stays open.
  await from(forked)
  const exit = once(forked, 'exit')
  forked.disconnect()
  const [code] = await exit
  return { code, said: existsSync(flag) }
}

async function disconnectedChild(): Promise<void> {
  const store = clusterStore()
  const limit = { name: 'api', quota: { limit: 1, windowMs: 1000, capacity: 0, refillPerSecond: 0 } }
  // Keeps the process until the answer is there, as a server would.
  const keep = setInterval(() => {}, 60_000)
  setImmediate(() => toPrimary({}))
  const open = await store.begin(limit).catch((error: Error) => error.message)
  const later = await store.begin(limit).catch((error: Error) => error.message)
  if (open === 'The channel to the primary is closed' && later === open) writeFileSync(flag, '')
  clearInterval(keep)
}

/** What is said where there is nobody to ask. */
async function alone(): Promise<object> {
  const messageOf = (act: () => unknown) => {
    try {
      act()
      return undefined
    } catch (error) {
      return (error as Error).message
    }
  }
  const before = messageOf(clusterStore)
  const server = serveFleet()
  const twice = messageOf(serveFleet)
  const store = clusterStore()
  const limit = { name: 'api', quota: { limit: 1, windowMs: 1000, capacity: 0, refillPerSecond: 0 } }
  await store.begin(limit)
  server.close()
  server.close()
  const closed = await store.begin(limit).catch((error: Error) => error.message)
  cluster.fork()
  const [, { test }] = (await once(cluster, 'message')) as [Worker, { test: { inWorker: string } }]
  await endWorkers()
  return { before, twice, closed, ...test }
}

async function workerThatServes(): Promise<void> {
  try {
    serveFleet()
  } catch (error) {
    toPrimary({ inWorker: (error as Error).message })
  }
}

const SCENARIOS: Record<string, Record<string, () => Promise<unknown>>> = {
  check: { primary: hammer, worker: hammerByCheck },
  isAllowed: { primary: hammer, worker: hammerByIsAllowed },
  crash: { primary: crash, worker: crashingWorker },
  stall: { primary: stall, worker: stalledWorker },
  children: { primary: children, child },
  disconnect: { primary: disconnect, child: disconnectedChild },
  alone: { primary: alone, worker: workerThatServes },
}

// Workers of node:cluster have the arguments of the primary.
const result = await SCENARIOS[scenario][cluster.isWorker ? 'worker' : role]()
if (cluster.isPrimary && role === 'primary') console.log(JSON.stringify(result))
