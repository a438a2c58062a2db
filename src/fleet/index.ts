/** What `import ... from 'spillway/fleet'` gives. */
export type { FleetLimiter, FleetStats } from './fleet-limiter.js'
export { loadFleetLimiter } from './load.js'
export type { FleetOptions, FleetState } from './options.js'
export type { RedisClient, SendCommand } from './redis/clients.js'
export { redisStore } from './redis/redis-store.js'
export type { Activity, Answer, FleetStore, Question, SharedLimit, Verb } from './store.js'
export type { FleetTogetherRequest } from './together.js'
export { checkTogether } from './together.js'
