/**
 * A store for hono-rate-limiter 0.5: `import ... from 'spillway/hono-rate-limiter'`. For `rateLimiter` and `webSocketLimiter`.
 *
 * ```ts
 * app.use(rateLimiter({ windowMs: 60_000, limit: 100, keyGenerator, store: new SpillwayStore() }))
 * ```
 */
export type { CountingStoreOptions as SpillwayStoreOptions, KeyInfo } from './counting-store.js'
export { SpillwayStore } from './counting-store.js'
export type { SharedLimiter } from './shared-store.js'
export { SharedSpillwayStore } from './shared-store.js'
