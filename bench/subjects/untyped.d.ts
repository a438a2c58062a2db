/**
 * The parts in use here of packages that come without types, or with types that do not compile.
 */

declare module 'fast-ratelimit' {
  export class FastRateLimit {
    constructor(options: { threshold: number; ttl: number })
    consumeSync(namespace: string): boolean
  }
}

declare module '@fastify/rate-limit/store/LocalStore.js' {
  interface Entry {
    current: number
    ttl: number
  }
  export default class LocalStore {
    readonly lru: { readonly size: number }
    constructor(continueExceeding: boolean, exponentialBackoff: boolean, cache?: number)
    incr(key: string, done: (error: Error | null, entry: Entry) => void, timeWindow: number, max: number): void
  }
}

declare module '@fastify/rate-limit/store/RedisStore.js' {
  export default class RedisStore {
    constructor(continueExceeding: boolean, exponentialBackoff: boolean, client: unknown)
    incr(
      key: string,
      done: (error: Error | null, entry: { current: number; ttl: number } | null) => void,
      timeWindow: number,
      max: number,
    ): void
  }
}

declare module 'ts-rate-limiter' {
  export class MemoryStorage {
    constructor(options?: { enableAutoCleanup?: boolean; cleanupIntervalMs?: number })
  }
  export class RateLimiter {
    constructor(options: {
      windowMs: number
      maxRequests: number
      algorithm?: 'fixed-window' | 'sliding-window' | 'token-bucket'
      storage?: MemoryStorage
    })
    consume(key: string): Promise<{ allowed: boolean }>
    dispose(): void
  }
}

declare module 'rolling-rate-limiter' {
  export class InMemoryRateLimiter {
    constructor(options: { interval: number; maxInInterval: number })
    limit(id: string): Promise<boolean>
  }
}

declare module '@joint-ops/hitlimit/stores/memory' {
  interface Hits {
    readonly count: number
    readonly resetAt: number
  }
  export function memoryStore(): {
    hit(key: string, windowMs: number, limit: number): Hits
    shutdown(): void
  }
}
