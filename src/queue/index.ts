/** What `import ... from 'spillway/queue'` gives. */
export type { Decision } from '../limiter/index.js'
export type { Forecast, QueueErrorCode } from './errors.js'
export { QueueError } from './errors.js'
export type { Concurrency, QueueLimiter, QueueOptions, QueueRequest, QueueState } from './options.js'
export { Queue } from './queue.js'
export type { Throttled, ThrottleOptions } from './throttle.js'
export { throttle } from './throttle.js'
