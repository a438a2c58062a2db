/** What `import ... from 'spillway'` gives. */
export type {
  BurstOptions,
  Clock,
  Decision,
  DenialReason,
  Limiter,
  LimiterOptions,
  LimiterStats,
  ManualClock,
  OnFull,
} from './limiter/index.js'
export { coarseClock, createLimiter, loadLimiter, manualClock, secondsToWait } from './limiter/index.js'
