/** The queues: each starts jobs of one key, so many in a window. Everything else is left as it is by default. */
import type { QueueSubjectName } from './protocol.js'
import { WINDOW_MS } from './protocol.js'

/** Has a job wait for its turn. */
type Start = (job: () => void) => Promise<unknown>

interface Subject {
  readonly label: string
  /** The package, and how it is used. */
  readonly use: string
  open(limit: number): Promise<Start>
}

export const QUEUE_SUBJECTS: { readonly [Name in QueueSubjectName]: Subject } = {
  spillway: {
    label: 'Spillway',
    use: '`acquire`',
    async open(limit) {
      const queue = await openQueue(limit)
      return (job) => queue.acquire('api').then(job)
    },
  },
  'spillway-run': {
    label: 'Spillway',
    use: '`run`',
    async open(limit) {
      const queue = await openQueue(limit)
      return (job) => queue.run('api', job)
    },
  },
  'p-throttle': { label: 'p-throttle', use: '`pThrottle`', open: (limit) => openThrottle(limit, false) },
  'p-throttle-strict': {
    label: 'p-throttle, strict',
    use: '`strict: true`',
    open: (limit) => openThrottle(limit, true),
  },
  'p-queue': { label: 'p-queue', use: '`intervalCap`', open: (limit) => openPQueue(limit, false) },
  'p-queue-strict': { label: 'p-queue, strict', use: '`strict: true`', open: (limit) => openPQueue(limit, true) },
  bottleneck: {
    label: 'bottleneck',
    use: '`reservoir`',
    async open(limit) {
      const { default: Bottleneck } = await import('bottleneck')
      const queue = new Bottleneck({
        reservoir: limit,
        reservoirRefreshAmount: limit,
        reservoirRefreshInterval: WINDOW_MS,
      })
      return (job) => queue.schedule(async () => job())
    },
  },
  limiter: {
    label: 'limiter',
    use: '`removeTokens`',
    async open(limit) {
      const { RateLimiter } = await import('limiter')
      const limiter = new RateLimiter({ tokensPerInterval: limit, interval: WINDOW_MS })
      return async (job) => {
        await limiter.removeTokens(1)
        job()
      }
    },
  },
  'rate-limiter-flexible': {
    label: 'rate-limiter-flexible',
    use: '`RateLimiterQueue`',
    async open(limit) {
      const { RateLimiterMemory, RateLimiterQueue } = await import('rate-limiter-flexible')
      const limiter = new RateLimiterMemory({ points: limit, duration: WINDOW_MS / 1000 })
      const queue = new RateLimiterQueue(limiter, { maxQueueSize: Number.MAX_SAFE_INTEGER })
      return async (job) => {
        await queue.removeTokens(1)
        job()
      }
    },
  },
}

async function openQueue(limit: number) {
  const { loadLimiter } = await import('spillway')
  const { Queue } = await import('spillway/queue')
  return new Queue(await loadLimiter({ limit, windowMs: WINDOW_MS }), { maxWaiting: Number.POSITIVE_INFINITY })
}

async function openThrottle(limit: number, strict: boolean): Promise<Start> {
  const { default: pThrottle } = await import('p-throttle')
  const throttled = pThrottle({ limit, interval: WINDOW_MS, strict })((job: () => void) => job())
  // It gives a promise, whatever the function gives.
  return (job) => throttled(job) as unknown as Promise<unknown>
}

async function openPQueue(limit: number, strict: boolean): Promise<Start> {
  const { default: PQueue } = await import('p-queue')
  const queue = new PQueue({ intervalCap: limit, interval: WINDOW_MS, strict })
  return (job) => queue.add(async () => job())
}
