/** What both sides of the ABI know by number. The debug build exports it, so that a test compares it with the wrapper's. */
export { JOINED, LOW_RESERVE } from './attention'
export { BINS_SIZE } from './bins'
export { REPORT, SCRATCH, SCRATCH_SIZE, USER_SIZE } from './layout'
export { TICKS } from './quota'
export * from './report'
export { ALLOW, DENY, EVICT } from './room'
