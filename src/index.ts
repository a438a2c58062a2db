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
  Quota,
  RequestOptions,
  TogetherDecision,
  TogetherRequest,
} from './limiter/index.js'
export { checkTogether, coarseClock, createLimiter, loadLimiter, manualClock, secondsToWait } from './limiter/index.js'
