/** What both sides of the ABI know by number. The debug build exports it, so that a test compares it with the wrapper's. */
export { JOINED, LOW_RESERVE } from './attention'
export { REPORT, SCRATCH, SCRATCH_SIZE } from './layout'
export { TICKS } from './quota'
export { NO_ROOM } from './record'
export * from './report'
export { ALLOW, DENY, EVICT } from './room'
