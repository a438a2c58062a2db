/**
 * A store for express-rate-limit 8: `import ... from 'spillway/express-rate-limit'`.
 *
 * ```ts
 * app.use(rateLimit({ windowMs: 60_000, limit: 100, store: new SpillwayStore() }))
 * ```
 */
export type { CountingStoreOptions as SpillwayStoreOptions, KeyInfo } from './counting-store.js'
export { SpillwayStore } from './counting-store.js'
export type { SharedLimiter } from './shared-store.js'
export { SharedSpillwayStore } from './shared-store.js'
