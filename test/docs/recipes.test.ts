/** What the recipes promise, beyond the examples in the page. The code is the page's: `programUnder` takes it from there. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import type * as Spillway from '../../src/index.js'
import { programUnder, run, startTime } from './page-code.js'

startTime()

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** What the code under a heading of the recipes declares, anew. */
async function recipe<Names>(heading: string): Promise<Names> {
  return (await run(programUnder('docs/recipes.md', heading))).names as Names
}

function pass(ms: number) {
  return vi.advanceTimersByTimeAsync(ms)
}

async function times<T>(count: number, act: (index: number) => T | Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let i = 0; i < count; i++) results.push(await act(i))
  return results
}

describe('login throttling', () => {
  interface Outcome {
    loggedIn: boolean
    retryAfterMs: number
  }
  interface Recipe {
    failures: Spillway.Limiter
    blocks: Spillway.Limiter
    logIn(account: string, passwordIsRight: () => Promise<boolean>): Promise<Outcome>
  }
  const load = () => recipe<Recipe>('Login throttling')
  const right = async () => true
  const wrong = async () => false

  test('refuses the sixth attempt after five failures without a look at the password', async () => {
    const { logIn } = await load()
    const failed = await times(5, () => logIn('bob', wrong))
    expect(failed.map(({ retryAfterMs }) => retryAfterMs)).toEqual([0, 0, 0, 0, MINUTE])
    const password = vi.fn(right)
    expect(await logIn('bob', password)).toEqual({ loggedIn: false, retryAfterMs: MINUTE })
    expect(password).not.toHaveBeenCalled()
    expect(await logIn('eve', password)).toEqual({ loggedIn: true, retryAfterMs: 0 })
  })

  test('blocks for 1, 2, 4, 8 minutes, with five attempts in between', async () => {
    const { logIn } = await load()
    for (const minutes of [1, 2, 4, 8]) {
      await times(4, async () => expect(await logIn('bob', wrong)).toEqual({ loggedIn: false, retryAfterMs: 0 }))
      expect(await logIn('bob', wrong)).toEqual({ loggedIn: false, retryAfterMs: minutes * MINUTE })
      await pass(minutes * MINUTE - 1)
      expect(await logIn('bob', right)).toEqual({ loggedIn: false, retryAfterMs: 1 })
      await pass(1)
    }
    expect(await logIn('bob', right)).toEqual({ loggedIn: true, retryAfterMs: 0 })
  })

  test('blocks for no longer than 512 minutes', async () => {
    const { logIn, failures } = await load()
    let longest = 0
    for (let round = 0; round < 12; round++) {
      const attempts = await times(5, () => logIn('bob', wrong))
      longest = Math.max(longest, attempts[4].retryAfterMs)
      failures.unblock('bob')
    }
    expect(longest).toBe(512 * MINUTE)
  })

  test('forgets blocks after a day', async () => {
    const { logIn } = await load()
    await times(5, () => logIn('bob', wrong))
    await pass(24 * HOUR + 10_000)
    expect((await times(5, () => logIn('bob', wrong)))[4].retryAfterMs).toBe(MINUTE)
  })

  test('takes nothing for right passwords', async () => {
    const { logIn } = await load()
    await times(4, () => logIn('bob', wrong))
    await times(100, async () => expect(await logIn('bob', right)).toEqual({ loggedIn: true, retryAfterMs: 0 }))
    expect((await logIn('bob', wrong)).retryAfterMs).toBe(MINUTE)
  })

  test('looks at five passwords of a hundred that come at once, and blocks once', async () => {
    const { logIn, blocks } = await load()
    const password = vi.fn(wrong)
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => logIn('bob', password)))
    expect(password).toHaveBeenCalledTimes(5)
    expect(outcomes.filter(({ loggedIn }) => loggedIn)).toEqual([])
    expect((await logIn('bob', right)).retryAfterMs).toBe(MINUTE)
    expect(blocks.peek('bob').remaining).toBe(9)
  })
})

describe('plans', () => {
  interface Recipe {
    LIMITS: Record<string, number>
    check(user: { id: string; plan: string }): Spillway.Decision
  }

  test.each([
    ['suspended', 0],
    ['free', 10],
    ['pro', 100],
  ])('%s: %i a minute', async (plan, limit) => {
    const { LIMITS, check } = await recipe<Recipe>('Plans')
    expect(LIMITS[plan]).toBe(limit)
    const ask = () => check({ id: 'bob', plan }).allowed
    expect((await times(150, ask)).filter(Boolean)).toHaveLength(limit)
    await pass(MINUTE + 4000)
    expect((await times(150, ask)).filter(Boolean)).toHaveLength(limit)
  })

  test('a lower plan counts what the higher one took', async () => {
    const { check } = await recipe<Recipe>('Plans')
    await times(50, () => check({ id: 'bob', plan: 'pro' }))
    expect(check({ id: 'bob', plan: 'free' })).toMatchObject({ allowed: false, remaining: 0, reason: 'limit' })
    expect(check({ id: 'bob', plan: 'pro' })).toMatchObject({ allowed: true, remaining: 49 })
  })
})

describe('tokens of a language model', () => {
  interface Recipe {
    budget: Spillway.Limiter
    complete(
      userId: string,
      promptTokens: number,
      callModel: () => Promise<{ answerTokens: number }>,
    ): Promise<{ answered: boolean; retryAfterMs: number; unpaid: number }>
  }
  const load = () => recipe<Recipe>('Tokens of a language model')

  test('takes the prompt before the answer, and the answer after', async () => {
    const { budget, complete } = await load()
    await complete('bob', 1000, async () => {
      expect(budget.peek('bob').remaining).toBe(99_000)
      return { answerTokens: 500 }
    })
    expect(budget.peek('bob').remaining).toBe(98_500)
  })

  test('does not call the model when the budget is used up, and tells when to come again', async () => {
    const { complete } = await load()
    await complete('bob', 100_000, async () => ({ answerTokens: 7 }))
    const model = vi.fn(async () => ({ answerTokens: 1 }))
    const { answered, retryAfterMs } = await complete('bob', 1, model)
    expect(answered).toBe(false)
    expect(model).not.toHaveBeenCalled()
    await pass(retryAfterMs)
    expect((await complete('bob', 1, model)).answered).toBe(true)
  })

  test('gives the prompt back if the model fails', async () => {
    const { budget, complete } = await load()
    const failing = complete('bob', 60_000, () => Promise.reject(new Error('overloaded')))
    await expect(failing).rejects.toThrow('overloaded')
    expect(budget.peek('bob').remaining).toBe(100_000)
  })

  test('refuses a prompt above the budget as an error, and takes nothing', async () => {
    const { budget, complete } = await load()
    await expect(complete('bob', 100_001, async () => ({ answerTokens: 1 }))).rejects.toThrow(RangeError)
    expect(budget.peek('bob').remaining).toBe(100_000)
  })
})

describe('per second and per day', () => {
  interface Recipe {
    perSecond: Spillway.Limiter
    perDay: Spillway.Limiter
    admit(userId: string): { allowed: boolean; deniedBy: string[]; retryAfterMs: number }
  }

  test('hammering admits two a second and five a day, and wastes none of the day', async () => {
    const { admit } = await recipe<Recipe>('Per second and per day')
    const admitted: number[] = []
    for (let tenth = 0; tenth < 100; tenth++) {
      if (admit('bob').allowed) admitted.push(tenth)
      if (admit('bob').allowed) admitted.push(tenth)
      await pass(100)
    }
    expect(admitted).toEqual([0, 0, 10, 10, 20])
    const { deniedBy, retryAfterMs } = admit('bob')
    expect(deniedBy).toEqual(['day'])
    expect(retryAfterMs).toBeGreaterThanOrEqual(24 * HOUR - 10_000)
    await pass(retryAfterMs)
    expect(admit('bob').allowed).toBe(true)
  })

  test('names both limits when both deny', async () => {
    const { admit, perSecond, perDay } = await recipe<Recipe>('Per second and per day')
    perSecond.isAllowed('bob', 2)
    perDay.isAllowed('bob', 5)
    expect(admit('bob').deniedBy).toEqual(['second', 'day'])
  })
})

describe('bans', () => {
  interface Recipe {
    limiter: Spillway.Limiter
    isAllowed(userId: string): boolean
  }

  test('who keeps to the limit is never banned, who is denied a little neither', async () => {
    const { isAllowed, limiter } = await recipe<Recipe>('Bans')
    for (let second = 0; second < 180; second++) {
      // 60 denied in any minute.
      expect((await times(11, () => isAllowed('bob'))).filter(Boolean)).toHaveLength(10)
      await pass(1000)
    }
    expect(limiter.peek('bob').reason).toBeUndefined()
  })

  test('who is denied 101 times in a minute is out for an hour', async () => {
    const { isAllowed, limiter } = await recipe<Recipe>('Bans')
    await times(110, () => isAllowed('bob'))
    expect(limiter.peek('bob').reason).toBe('limit')
    isAllowed('bob')
    expect(limiter.peek('bob').reason).toBe('blocked')
    await pass(HOUR - 1)
    expect(isAllowed('bob')).toBe(false)
    await pass(1)
    expect(isAllowed('bob')).toBe(true)
  })

  test('what to look out for: a new block replaces the old, reset and clear lift one', async () => {
    const { limiter } = await recipe<Recipe>('Bans')
    const blockedFor = () => limiter.peek('bob').retryAfterMs
    limiter.block('bob', HOUR)
    limiter.block('bob', 1000)
    expect(blockedFor()).toBe(1000)
    limiter.reset('bob')
    expect(blockedFor()).toBe(0)
    limiter.block('bob', Infinity)
    limiter.clear()
    expect(blockedFor()).toBe(0)
  })
})

test('limits over a deploy: a first start without a file, and one with a damaged file', async () => {
  interface Recipe {
    start(): Promise<Spillway.Limiter>
    limiter: Spillway.Limiter
    next: Spillway.Limiter
    options: Spillway.LimiterOptions
    writeFile(file: string, bytes: Uint8Array): Promise<void>
  }
  const before = process.cwd()
  const folder = mkdtempSync(join(tmpdir(), 'spillway-recipes-'))
  process.chdir(folder)
  try {
    const { limiter, next, start, writeFile } = await recipe<Recipe>('Keep limits over a deploy')
    expect(() => limiter.isAllowed('bob')).toThrow('closed')
    const bytes = next.snapshot()
    bytes[bytes.length - 1] ^= 1
    await writeFile('limits.snapshot', bytes)
    await expect(start()).rejects.toThrow('snapshot')
    rmSync('limits.snapshot')
    expect((await start()).peek('mallory').allowed).toBe(true)
  } finally {
    process.chdir(before)
    rmSync(folder, { recursive: true })
  }
})
