/** A server whose clock is set: by libfaketime, which Debian's package `faketime` has. */
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FleetLimiter } from '../../src/fleet/index.js'
import { loadFleetLimiter, redisStore } from '../../src/fleet/index.js'
import type { RedisServer } from './redis-servers.js'
import { hasRedis, startRedis, until } from './redis-servers.js'

const LIBRARY = ['x86_64', 'aarch64']
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`)
  .find((path) => existsSync(path))
if (hasRedis && LIBRARY === undefined)
  console.warn('Skipped: there is no libfaketime here. Debian: apt-get install faketime')

describe.skipIf(!hasRedis || LIBRARY === undefined)('a clock of the server', () => {
  let dir: string
  let server: RedisServer
  const client = () => createClient({ url: server.url })
  let redis: ReturnType<typeof client>
  /** Sets it so many seconds from the true one. */
  const setClock = async (seconds: number) => {
    const sign = seconds < 0 ? '-' : '+'
    writeFileSync(join(dir, 'time'), `${sign}${Math.abs(seconds)}`)
    await until(async () => {
      const [told] = (await redis.sendCommand(['TIME'])) as string[]
      return Math.abs(Number(told) - Date.now() / 1000 - seconds) < 60
    })
  }

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'spillway-clock-'))
    // The server is not ours.
    chmodSync(dir, 0o755)
    writeFileSync(join(dir, 'time'), '+0')
    server = await startRedis([], {
      env: {
        // With the memory of the C library, since that of Redis asks for the time before libfaketime can tell it.
        LD_PRELOAD: `${LIBRARY}:libc.so.6`,
        FAKETIME_TIMESTAMP_FILE: join(dir, 'time'),
        FAKETIME_NO_CACHE: '1',
        DONT_FAKE_MONOTONIC: '1',
      },
    })
    redis = client()
    redis.on('error', () => {})
    await redis.connect()
  })
  afterAll(async () => {
    redis?.destroy()
    await server?.stop()
    rmSync(dir, { recursive: true, force: true })
  })

  const load = (name: string, windowMs: number): Promise<FleetLimiter> =>
    loadFleetLimiter({
      ...{ store: redisStore(redis as never), name, limit: 3, windowMs, burst: false, processes: 1, timeoutMs: 60_000 },
    })

  test('that is set back gives nothing back early, and holds nobody longer than a window', async () => {
    await setClock(0)
    const [one, two] = [await load('back', 2000), await load('back', 2000)]
    const first = performance.now()
    for (let place = 0; place < 3; place++) expect(await one.check('user')).toMatchObject({ allowed: true })
    await setClock(-7200)
    // Another process, which knows of no denial.
    const denied = await two.check('user')
    if (performance.now() - first < 2000)
      expect(denied).toMatchObject({ allowed: false, remaining: 0, reason: 'limit' })
    expect(denied.retryAfterMs).toBeLessThan(2001)
    // In a window again, not in two hours.
    await until(async () => (await two.check('user')).allowed)
    expect(performance.now() - first).toBeGreaterThan(1999)
    expect(one.stats()).toMatchObject({ failures: 0, state: 'available' })
    expect(two.stats()).toMatchObject({ failures: 0, state: 'available' })
  })

  test('that is set forward is believed', async () => {
    await setClock(0)
    const limiter = await load('forward', 3_600_000)
    for (let place = 0; place < 3; place++) await limiter.check('user')
    await setClock(7200)
    // The question seems to come hours late; the answer tells the time, and the next one is in time.
    const decision = await limiter.check('user')
    expect(decision.allowed).toBe(true)
    expect((await limiter.peek('another')).remaining).toBe(3)
    expect(limiter.stats().failures).toBeLessThanOrEqual(1)
    expect(limiter.stats().state).toBe('available')
  })

  test('that goes to and fro leaves nobody in doubt', async () => {
    const limiter = await load('to and fro', 3_600_000)
    let allowed = 0
    for (const seconds of [0, -600, 300, -300, 0, -1200, 100]) {
      await setClock(seconds)
      const before = limiter.stats().decidedAlone
      const decision = await limiter.check('user')
      if (decision.allowed && limiter.stats().decidedAlone === before) allowed++
    }
    // No time of an hour passed, by any reckoning.
    expect(allowed).toBeLessThanOrEqual(3)
    expect(limiter.stats().state).toBe('available')
  })
})
