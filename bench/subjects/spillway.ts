/**
 * Spillway as its documentation says: a limiter from `loadLimiter`, and a boolean from `isAllowed`. The options spell out
 * what `loadLimiter()` has by default: a limiter that is given a limit has burst tokens only if `burst` is given too.
 */
import type { LimiterOptions } from 'spillway'
import * as spillway from 'spillway'
import type { Subject, SubjectOptions, SubjectSpec } from './subject.js'
import { LIMIT } from './subject.js'

/** What the defaults keep; more users must be asked for. */
export const DEFAULT_MAX_USERS = 1_000_000

export const SPILLWAY: SubjectSpec = {
  name: 'spillway',
  label: 'Spillway',
  group: 'spillway',
  packages: ['spillway'],
  readsClock: true,
  takesClock: true,
  hasTokens: true,
  use: '`loadLimiter({ limit: 50, windowMs: 1000, burst: {} })`, which is the default, `isAllowed(id)`: exact sliding window and burst tokens',
  beyond: '',
  forgetsAfterMs: 6000,
  create: (options) => load(options, options.clock),
}

export const SPILLWAY_COARSE: SubjectSpec = {
  name: 'spillway-coarse',
  label: 'Spillway, coarse clock',
  group: 'spillway',
  packages: ['spillway'],
  readsClock: false,
  takesClock: false,
  hasTokens: true,
  use: 'the same with `clock: coarseClock()`: the time of a decision is up to 1 ms behind',
  beyond: '',
  forgetsAfterMs: 6000,
  create: (options) => load(options, spillway.coarseClock()),
}

async function load({ users, windowMs, burst }: SubjectOptions, clock: (() => number) | undefined): Promise<Subject> {
  const options: LimiterOptions = { limit: LIMIT, windowMs, burst: burst ? {} : false }
  if (users > DEFAULT_MAX_USERS) options.maxUsers = users
  if (clock) options.clock = clock
  const limiter = await spillway.loadLimiter(options)
  return {
    kind: 'sync',
    decide: (id) => limiter.isAllowed(id),
    size: () => limiter.stats().users,
    accountedBytes: () => limiter.stats().memoryBytes,
    forcedGrowths: () => limiter.stats().forcedGrowths,
    close: () => limiter.close(),
  }
}
