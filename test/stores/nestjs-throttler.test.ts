/** The storage in a Nest application, on a real server. */
import 'reflect-metadata'
import type { INestApplication } from '@nestjs/common'
import { Controller, Get, Module } from '@nestjs/common'
import { APP_GUARD, NestFactory } from '@nestjs/core'
import type { ThrottlerModuleOptions } from '@nestjs/throttler'
import { Throttle, ThrottlerGuard, ThrottlerModule, ThrottlerStorageService } from '@nestjs/throttler'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { manualClock } from '../../src/index.js'
import { SpillwayStorage } from '../../src/stores/nestjs-throttler.js'
import { statusesOf } from './support.js'

const clock = manualClock()
const apps: INestApplication[] = []

beforeEach(() => clock.set(0))
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()))
})

function storageOf(more = {}): SpillwayStorage {
  return new SpillwayStorage({ clock, sweepIntervalMs: 0, ...more })
}

type Named = Exclude<ThrottlerModuleOptions, unknown[]>

/** Decorators are called by hand: the tests are compiled without them. */
function controllerOf(): new () => object {
  class Cats {
    all() {
      return 'all'
    }
    own() {
      return 'own'
    }
  }
  const method = (name: 'all' | 'own', path: string, decorators: MethodDecorator[]) => {
    for (const decorate of [Get(path), ...decorators]) {
      decorate(Cats.prototype, name, Object.getOwnPropertyDescriptor(Cats.prototype, name) as PropertyDescriptor)
    }
  }
  method('all', 'all', [])
  method('own', 'own', [Throttle({ default: { limit: 1, ttl: 5000 } }) as MethodDecorator])
  Controller()(Cats)
  return Cats
}

async function serve(options: Named) {
  class App {}
  Module({
    imports: [
      ThrottlerModule.forRoot({
        getTracker: async ({ headers }) => headers['x-key'] ?? 'a',
        ...options,
      }),
    ],
    controllers: [controllerOf()],
    providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
  })(App)
  const app = await NestFactory.create(App, { logger: false })
  apps.push(app)
  await app.listen(0, '127.0.0.1')
  const { port } = app.getHttpServer().address()
  const ask = (headers: Record<string, string> = {}, path = '/all') =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers })
  const statuses = statusesOf(async (headers, path) => (await ask(headers, path)).status)
  return { app, ask, statuses }
}

describe('in an application', () => {
  test('limits, headers, and the block of a ttl that Nest has by default', async () => {
    const { ask, statuses } = await serve({ throttlers: [{ limit: 2, ttl: 10_000 }], storage: storageOf() })
    const first = await ask()
    expect([first.headers.get('x-ratelimit-remaining'), first.headers.get('x-ratelimit-reset')]).toEqual(['1', '10'])
    clock.advance(5000)
    expect(await statuses(1)).toEqual([200])
    const denied = await ask()
    expect([denied.status, denied.headers.get('retry-after')]).toEqual([429, '10'])
    clock.advance(9999)
    expect((await ask()).headers.get('retry-after')).toBe('1')
    clock.advance(1)
    expect(await statuses(3)).toEqual([200, 200, 429])
  })

  test('routes, keys and throttlers count on their own', async () => {
    const { ask, statuses } = await serve({
      throttlers: [
        { name: 'default', limit: 2, ttl: 1000 },
        { name: 'long', limit: 3, ttl: 10_000 },
      ],
      storage: storageOf(),
    })
    expect(await statuses(2, {}, '/own')).toEqual([200, 429])
    expect(await statuses(3)).toEqual([200, 200, 429])
    expect(await statuses(1, { 'x-key': 'b' })).toEqual([200])
    clock.advance(1000)
    // The long one was not asked about the request that the short one denied.
    expect(await statuses(1)).toEqual([200])
    const denied = await ask()
    expect([denied.status, denied.headers.get('retry-after-long')]).toEqual([429, '10'])
  })

  test('limits and windows that are functions', async () => {
    const { statuses } = await serve({
      throttlers: [
        {
          limit: (context) => Number(context.switchToHttp().getRequest().headers['x-limit']),
          ttl: async () => 1000,
        },
      ],
      storage: storageOf(),
    })
    expect(await statuses(2, { 'x-limit': '2' })).toEqual([200, 200])
    expect(await statuses(2, { 'x-limit': '3' })).toEqual([200, 429])
  })

  test('many keys', async () => {
    const { statuses } = await serve({ throttlers: [{ limit: 1, ttl: 1000 }], storage: storageOf() })
    for (let i = 0; i < 50; i++) expect(await statuses(2, { 'x-key': `key-${i}` })).toEqual([200, 429])
  })

  test('closing the application closes the storage', async () => {
    const storage = storageOf()
    const { app, statuses } = await serve({ throttlers: [{ limit: 1, ttl: 1000 }], storage })
    await statuses(1)
    await app.close()
    await expect(storage.increment('a', 1000, 1, 1000, 'default')).rejects.toThrow('The limiter is closed')
  })

  test('a ttl that is no window fails each request', async () => {
    const { statuses } = await serve({ throttlers: [{ limit: 1, ttl: -5 }], storage: storageOf() })
    expect(await statuses(1)).toEqual([500])
  })
})

describe('the contract', () => {
  const increment = (storage: SpillwayStorage, limit = 2, block = 1000) =>
    storage.increment('a', 1000, limit, block, 'default')

  test("a window has at most the limit across an edge, as with the host's own, which keeps a list of times a key", async () => {
    vi.useFakeTimers()
    try {
      const ours = storageOf({ clock: undefined })
      const theirs = new ThrottlerStorageService()
      const admitted = async (storage: SpillwayStorage | ThrottlerStorageService, times: number) => {
        let count = 0
        for (let i = 0; i < times; i++) {
          count += (await storage.increment('a', 1000, 5, 1000, 'default')).isBlocked ? 0 : 1
        }
        return count
      }
      expect([await admitted(ours, 1), await admitted(theirs, 1)]).toEqual([1, 1])
      vi.advanceTimersByTime(990)
      expect([await admitted(ours, 4), await admitted(theirs, 4)]).toEqual([4, 4])
      vi.advanceTimersByTime(20)
      expect([await admitted(ours, 2), await admitted(theirs, 2)]).toEqual([1, 1])
      theirs.onApplicationShutdown()
      ours.onApplicationShutdown()
    } finally {
      vi.useRealTimers()
    }
  })

  test('records', async () => {
    const storage = storageOf()
    expect(await increment(storage)).toEqual({ totalHits: 1, timeToExpire: 1, isBlocked: false, timeToBlockExpire: 0 })
    await increment(storage)
    expect(await increment(storage)).toEqual({ totalHits: 3, timeToExpire: 1, isBlocked: true, timeToBlockExpire: 1 })
  })

  test.each([
    ['longer than the window', 5000],
    ['shorter', 100],
  ])('a block that is %s: denied until it ends, not renewed, and then all anew', async (_, block) => {
    const storage = storageOf()
    const blocked = async () => (await increment(storage, 2, block)).isBlocked
    expect([await blocked(), await blocked(), await blocked()]).toEqual([false, false, true])
    clock.advance(block - 1)
    expect(await blocked()).toBe(true)
    clock.advance(1)
    expect([await blocked(), await blocked(), await blocked()]).toEqual([false, false, true])
  })

  test('a block of 0: denied until a place comes back', async () => {
    const storage = storageOf()
    const blocked = async () => (await increment(storage, 1, 0)).isBlocked
    expect([await blocked(), await blocked()]).toEqual([false, true])
    clock.advance(1000)
    expect([await blocked(), await blocked()]).toEqual([false, true])
  })

  test('clear', async () => {
    const storage = storageOf()
    await increment(storage, 1)
    storage.clear()
    expect((await increment(storage, 1)).isBlocked).toBe(false)
  })

  test('options that are not accepted', async () => {
    expect(() => new SpillwayStorage({ ttl: 5 } as object)).toThrow('options: there is no option "ttl"')
    expect(() => new SpillwayStorage({ onFull: 'drop' as never })).toThrow("onFull must be 'evict'")
    const storage = storageOf()
    await expect(storage.increment('a', Number.NaN, 1, 1, 'x')).rejects.toThrow('ttl must be a number from 0')
    await expect(storage.increment('a', 1000, undefined as never, 1, 'x')).rejects.toThrow('limit must be a number')
  })
})
