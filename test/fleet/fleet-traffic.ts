/** Several processes of a fleet on real servers, as they are asked without end, and what they admitted. */

import { worstWindow } from '../../bench/worst-window.js'
import type { FleetLimiter, FleetOptions, FleetStore, RedisClient } from '../../src/fleet/index.js'
import { loadFleetLimiter, redisStore } from '../../src/fleet/index.js'
import type { Decision } from '../../src/index.js'

export interface FleetProcess {
  readonly limiter: FleetLimiter
  /** Each change of the state that was told, and the state before. */
  readonly states: string[]
  /** When, by the server's time, users were admitted. */
  readonly admitted: { readonly userId: string; readonly atMs: number }[]
  check(userId: string): Promise<Decision>
  isAllowed(userId: string): boolean
}

/** Servers here are on this machine, whose time they tell. */
const serversTime = () => performance.timeOrigin + performance.now()

/** Starts a process. Whoever asks about users waits for one decision before the next, so that it is known which answer made it. */
export async function startProcess(client: RedisClient, options: Omit<FleetOptions, 'store'>): Promise<FleetProcess> {
  const store = redisStore(client)
  let answeredAt = 0
  const listening: FleetStore = {
    begin: (limit) => store.begin(limit),
    reset: (limit, userId) => store.reset(limit, userId),
    ask: async (limit, question) => {
      const answer = await store.ask(limit, question)
      if (question.verb === 'decide' && answer.verdict === 'admitted') answeredAt = answer.atMs
      return answer
    },
  }
  const states = ['available']
  const onStateChange = (state: string) => states.push(state)
  // Time enough for a busy machine: what is slow here is made so.
  const limiter = await loadFleetLimiter({ timeoutMs: 150, burst: false, ...options, store: listening, onStateChange })
  const admitted: FleetProcess['admitted'] = []
  return {
    limiter,
    states,
    admitted,
    async check(userId) {
      const { decidedAlone } = limiter.stats()
      const decision = await limiter.check(userId)
      const isAlone = limiter.stats().decidedAlone > decidedAlone
      if (decision.allowed) admitted.push({ userId, atMs: isAlone ? serversTime() : answeredAt })
      return decision
    },
    isAllowed(userId) {
      const isAllowed = limiter.isAllowed(userId)
      if (isAllowed) admitted.push({ userId, atMs: serversTime() })
      return isAllowed
    },
  }
}

/** Asks every process about the users, again and again, until told to end. */
export function startTraffic(processes: readonly FleetProcess[], userIds: readonly string[]): () => Promise<void> {
  let isOver = false
  const running = processes.map(async (process, index) => {
    for (let step = index; !isOver; step++) {
      const userId = userIds[step % userIds.length] as string
      if (step % 3 === 0) process.isAllowed(userId)
      else await process.check(userId)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  })
  return async () => {
    isOver = true
    await Promise.all(running)
  }
}

/** The most that any user was admitted in a window. */
export function worstWindowOf(processes: readonly FleetProcess[], windowMs: number): number {
  const byUser = new Map<string, number[]>()
  for (const { userId, atMs } of processes.flatMap(({ admitted }) => admitted)) {
    const times = byUser.get(userId) ?? []
    byUser.set(userId, times)
    times.push(atMs)
  }
  // Two milliseconds less, by which the process's reading of the time and the server's may differ.
  const worsts = [...byUser.values()].map((times) =>
    worstWindow(
      times.sort((one, other) => one - other),
      windowMs - 2,
    ),
  )
  return Math.max(0, ...worsts)
}

/** What is wrong with the changes that were told: each must be one, and the last what is. */
export function wrongStates({ states, limiter }: FleetProcess): string[] {
  const wrong = states.filter((state, index) => index > 0 && state === states[index - 1])
  if (states.at(-1) !== limiter.stats().state) wrong.push(`not told of ${limiter.stats().state}`)
  return wrong
}
