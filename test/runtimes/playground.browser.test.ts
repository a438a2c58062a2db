/**
 * The playground in Chromium, built as it is published: what it shows against the oracle, and how it is used. The clock
 * of the page is stepped by its own buttons, so that nothing depends on how fast the machine is.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { chromium } from 'playwright-core'
import type { PreviewServer } from 'vite'
import { build, preview } from 'vite'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../../bench/seeded-random.js'
import type { PatternName } from '../../playground/src/model/patterns.js'
import { PATTERNS } from '../../playground/src/model/patterns.js'
import type { Expected } from '../../playground/test/judge.js'
import { judge, judgeWaiting, until } from '../../playground/test/judge.js'
import type { Quota } from '../../src/limiter/index.js'
import { DEFAULT_QUOTA } from '../../src/limiter/index.js'

const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
const installed = existsSync(CHROMIUM)
const required = process.env.CI === 'true'
if (!installed && !required) console.warn(`Skipped: there is no Chromium at ${CHROMIUM}. Set CHROMIUM_PATH to one.`)

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]
const USERS = ['A', 'B', 'C', 'D']

describe.skipIf(!installed && !required)('the playground in Chromium', () => {
  let server: PreviewServer
  let browser: Browser
  let page: Page
  let problems: string[] = []

  beforeAll(async () => {
    const configFile = fileURLToPath(new URL('../../playground/vite.config.ts', import.meta.url))
    await build({ configFile, logLevel: 'error' })
    server = await preview({ configFile, logLevel: 'error', preview: { host: '127.0.0.1', port: 0, open: false } })
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
  })

  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  afterEach(async () => {
    await page?.context().close()
    expect(problems).toEqual([])
  })

  async function open(hash: string, options: BrowserContextOptions = {}): Promise<void> {
    problems = []
    const origin = server.resolvedUrls?.local[0] ?? ''
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
    page = await context.newPage()
    page.on('pageerror', (error) => problems.push(String(error)))
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text())
    })
    page.on('request', (request) => {
      const url = request.url()
      if (!url.startsWith(origin) && !url.startsWith('data:')) problems.push(`The page asked for ${url}`)
    })
    await page.goto(`${origin}#${hash}`)
    await page.locator('[data-tally=spillway]').filter({ hasText: 'denied' }).waitFor()
  }

  const text = (selector: string) => page.locator(selector).textContent()

  /** Presses the two buttons that move the clock on so many times each. */
  async function move(leaps: number, steps: number): Promise<void> {
    for (let k = 0; k < leaps; k++) await page.click('#leap')
    for (let k = 0; k < steps; k++) await page.click('#step')
  }

  function against(limit: number, worst: number, extra = 0): string {
    const count = extra > 0 ? `${worst} + ${extra} burst` : String(worst)
    return worst + extra > 0 ? `${count}, ${((worst + extra) / limit).toFixed(2)}× the limit` : count
  }

  /** Checks all that the page says of the shown user. */
  async function expectShown(expected: Expected): Promise<void> {
    const { limit } = expected.quota
    const extra = expected.worst.spillway - expected.worst.base
    expect(await text('[data-tally=spillway]')).toBe(
      `${expected.base} base, ${expected.burst} burst, ${expected.denied} denied`,
    )
    expect(await text('[data-worst=spillway]')).toBe(against(limit, expected.worst.base, extra))
    for (const rival of ['fixed', 'bucket'] as const) {
      const most = expected.worst[rival]
      const admitted = expected.admitted[rival]
      expect(await text(`[data-worst=${rival}]`)).toBe(against(limit, most))
      expect(await text(`[data-tally=${rival}]`)).toBe(
        `${admitted} admitted, ${expected.requests.length - admitted} denied`,
      )
    }
    expect(await text('#fill')).toBe(`${expected.fill} of ${limit}`)
    expect(Math.abs(Number(await text('#tokens')) - expected.tokens)).toBeLessThan(0.06)
  }

  it.each<[string, PatternName[], Quota]>([
    ['', ['edge', 'bursts', 'hammer', 'none'], DEFAULT_QUOTA],
    ['&a=hammer&b=above&c=steady&d=edge', ['hammer', 'above', 'steady', 'edge'], DEFAULT_QUOTA],
    [
      '&limit=10&window=500&burst=5&refill=20&a=bursts&b=hammer&c=edge&d=above',
      ['bursts', 'hammer', 'edge', 'above'],
      { limit: 10, windowMs: 500, capacity: 5, refillPerSecond: 20 },
    ],
  ])('shows what the oracle says of every user: %s', async (hash, patterns, quota) => {
    await open(`paused&seed=7${hash}`)
    let now = 0
    for (const [leaps, steps] of [
      [1, 1],
      [6, 3],
    ] as const) {
      await move(leaps, steps)
      now += leaps * quota.windowMs + (steps * quota.windowMs) / 20
      expect(await text('#now')).toBe(`${(now / 1000).toFixed(2)} s`)
      for (const [index, pattern] of patterns.entries()) {
        await page.keyboard.press(String(index + 1))
        const arrivals = PATTERNS[pattern].arrivals(quota, 0, seededRandom(7 * USERS.length + index))
        await expectShown(judge(quota, until(arrivals, now), now))
      }
    }
  })

  it('shows 100 and 99 against 50', async () => {
    await open('paused&a=edge&b=hammer&burst=0')
    await move(4, 0)
    expect(await text('[data-worst=spillway]')).toBe('50, 1.00× the limit')
    expect(await text('[data-worst=fixed]')).toBe('100, 2.00× the limit')
    await page.keyboard.press('2')
    expect(await text('[data-worst=spillway]')).toBe('50, 1.00× the limit')
    expect(await text('[data-worst=bucket]')).toBe('99, 1.98× the limit')
  })

  it('shows what a queue makes of the same requests', async () => {
    await open('paused&a=bursts&burst=0&seed=3')
    await move(8, 5)
    const quota = { ...DEFAULT_QUOTA, capacity: 0 }
    const times = until(PATTERNS.bursts.arrivals(quota, 0, seededRandom(3 * USERS.length)), 8250)
    const { starts, refused, waiting } = judgeWaiting(quota, times, 8250)
    const longest = Math.max(...starts.map(({ time, came }) => time - came))
    expect(await text('[data-worst=queue]')).toBe('50, 1.00× the limit')
    expect(longest).toBeGreaterThan(500)
    const told = longest < 1000 ? `${longest} ms` : `${longest / 1000} s`
    expect(await text('[data-tally=queue]')).toBe(
      `${starts.length} started, ${waiting} waiting, ${refused} refused; longest wait ${told}`,
    )
  })

  it('lists the latest requests, newest first, as the oracle decided them', async () => {
    await open('paused&a=edge')
    await page.click('#latest summary')
    await move(4, 3)
    const { requests } = judge(DEFAULT_QUOTA, until(PATTERNS.edge.arrivals(DEFAULT_QUOTA, 0), 4150), 4150)
    const rows = await page.locator('#latest tbody tr').evaluateAll((found) => found.map((row) => row.textContent))
    const words = (admitted: boolean) => (admitted ? 'admitted' : 'denied')
    expect(rows).toEqual(
      requests
        .slice(-40)
        .reverse()
        .map(
          ({ time, outcome, fixed, bucket }) =>
            `${(time / 1000).toFixed(3)} s${outcome}${words(fixed)}${words(bucket)}`,
        ),
    )
  })

  it('draws each kind of request in a row of its own', async () => {
    await open('paused&a=edge')
    await move(4, 0)
    await page.click('#step')
    await page.click('#step')
    // Colours of the light look: base, burst, denied, queue, fixed window.
    const rows = await marksByRow(page, ['#0f7480', '#b8720a', '#bd3344', '#3d7a1f', '#6a54b0'])
    expect(rows.map((row) => row.map((count) => count > 0))).toEqual([
      [true, false, false, false, false],
      [false, true, false, false, false],
      [false, false, true, false, false],
      [false, false, false, true, false],
      [false, false, false, false, true],
    ])
  })

  it('sends by hand, with the pointer and with a key, while the clock stands', async () => {
    await open('paused&a=none&b=none&c=none')
    await move(3, 0)
    const times: number[] = []
    for (let k = 0; k < 50; k++) await page.click('#send')
    await page.keyboard.press('h')
    await page.locator('#send').press('Enter')
    await page.locator('#send').press('Space')
    await page.keyboard.press('h')
    while (times.length < 54) times.push(3000)
    const expected = judge(DEFAULT_QUOTA, times, 3000)
    expect([expected.base, expected.burst, expected.denied]).toEqual([50, 3, 1])
    await expectShown(expected)
  })

  it('goes on sending while the button or the key is held, and stops when it is let go', async () => {
    await open('a=none&b=none&c=none&limit=200')
    const sent = async () => Number.parseInt((await text('[data-tally=spillway]')) ?? '', 10)
    const moreThan = (count: number) =>
      page.waitForFunction(
        (least) => Number.parseInt(document.querySelector('[data-tally=spillway]')?.textContent ?? '', 10) > least,
        count,
      )
    await page.hover('#send')
    await page.mouse.down()
    await moreThan(5)
    await page.mouse.up()
    const byPointer = await sent()
    await page.keyboard.down('h')
    await moreThan(byPointer + 5)
    await page.keyboard.up('h')
    await page.keyboard.press('Space')
    const before = await sent()
    await move(2, 0)
    expect(await sent()).toBe(before)
  })

  it('plays and pauses by key, and says so once, not each frame', async () => {
    await open('paused')
    await page.evaluate(() => {
      const target = document.getElementById('status')
      Object.assign(window, { said: [] })
      new MutationObserver(() => (window as unknown as { said: unknown[] }).said.push(target?.textContent)).observe(
        target as Node,
        { childList: true },
      )
    })
    await page.keyboard.press('Space')
    expect(await text('#play')).toBe('Pause')
    await page.waitForFunction(() => Number.parseFloat(document.getElementById('now')?.textContent ?? '') > 1.5)
    await page.keyboard.press('Space')
    expect(await text('#play')).toBe('Play')
    const stopped = await text('#now')
    await page.locator('#status').filter({ hasText: 'Paused. User A at' }).waitFor({ state: 'attached' })
    expect(await text('#now')).toBe(stopped)
    expect(await page.evaluate(() => (window as unknown as { said: unknown[] }).said.length)).toBeLessThanOrEqual(2)
  })

  it('keeps its settings in the address, corrects what is out of range, and restores them', async () => {
    await open('paused&limit=1e6&window=none&a=edges&speed=4')
    const limit = page.locator('input[name=limit]')
    expect(await limit.inputValue()).toBe('10000')
    expect(await text('#limit-note')).toBe('1,000,000 is too high: 10,000 is the most.')
    expect(await page.locator('input[name=windowMs]').inputValue()).toBe('1000')
    expect(await page.locator('select[name=pattern-A]').inputValue()).toBe('edge')
    await limit.fill('0')
    await limit.press('Enter')
    expect(await limit.inputValue()).toBe('1')
    const told = '0 is too low: 1 is the least.'
    await page
      .locator('#status')
      .filter({ hasText: `Limit is 1. ${told}` })
      .waitFor({ state: 'attached' })
    expect(await page.locator('#limit-note').isVisible()).toBe(true)
    expect(await limit.evaluate((input) => input.getAttribute('aria-describedby'))).toBe('limit-note')
    expect(await text('#limit-note')).toBe(told)
    await limit.fill('30')
    await limit.press('Enter')
    expect(await page.locator('#limit-note').isVisible()).toBe(false)
    expect(await limit.getAttribute('aria-describedby')).toBe(null)
    await page.selectOption('select[name=pattern-D]', 'hammer')
    await page.keyboard.press('Escape')
    await page.locator('#tabs label').nth(3).click()
    await page.locator('#speed').press('End')
    expect(new URL(page.url()).hash).toBe('#limit=30&d=hammer&show=d&speed=3600')
    await page.reload()
    expect(await limit.inputValue()).toBe('30')
    expect(await page.locator('select[name=pattern-D]').inputValue()).toBe('hammer')
    expect(await page.locator('#tabs input').nth(3).isChecked()).toBe(true)
    expect(await text('#speed-value')).toBe('×3600')
  })

  it('restarts at 0 with the same traffic', async () => {
    await open('paused&a=bursts&seed=3')
    await move(6, 2)
    const first = await text('[data-tally=spillway]')
    await page.keyboard.press('r')
    await page
      .locator('#now')
      .filter({ hasText: /^0\.00 s$/ })
      .waitFor()
    expect(await text('[data-tally=spillway]')).toBe('0 base, 0 burst, 0 denied')
    await move(6, 2)
    expect(await text('[data-tally=spillway]')).toBe(first)
  })

  it('lets its keys be turned off', async () => {
    await open('paused')
    await page.click('.keys summary')
    await page.click('#keys')
    await page.locator('body').press('.')
    expect(await text('#now')).toBe('0.00 s')
  })

  it('shows something at once where a thing to try is chosen while the clock stands, marks it, and goes back', async () => {
    await open('paused&limit=30')
    const current = page.locator('.tries a[aria-current]')
    expect(await current.count()).toBe(0)
    await page.click('text=A bucket lets nearly twice through')
    await page
      .locator('#now')
      .filter({ hasText: /^6\.00 s$/ })
      .waitFor()
    expect(await text('#play')).toBe('Play')
    expect(await text('[data-worst=bucket]')).toBe('99, 1.98× the limit')
    expect(await current.allTextContents()).toEqual(['A bucket lets nearly twice through'])
    await page.click('text=A limit shared by all users')
    await page.locator('#conditions').filter({ hasText: 'all users together' }).waitFor()
    expect(await current.allTextContents()).toEqual(['A limit shared by all users'])
    await page.goBack()
    await page.locator('.tries a[aria-current]').filter({ hasText: 'A bucket' }).waitFor()
    expect(await page.locator('input[name=sharedLimit]').inputValue()).toBe('0')
    await page.goBack()
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>('input[name=limit]')?.value === '30')
    await page.goForward()
    await page.locator('.tries a[aria-current]').filter({ hasText: 'A bucket' }).waitFor()
  })

  it('sends under a limit of the request, refunds, blocks and unblocks', async () => {
    await open('paused&a=none&b=none&c=none&burst=0')
    const hand = page.locator('input[name=handLimit]')
    expect(await hand.inputValue()).toBe('50')
    await hand.fill('2')
    await hand.press('Enter')
    for (let k = 0; k < 3; k++) await page.click('#send')
    expect(await text('[data-tally=spillway]')).toBe('2 base, 0 burst, 1 denied')
    expect(new URL(page.url()).hash).toContain('hand=2')
    await page.click('#refund')
    expect(await text('#fill')).toBe('1 of 50')
    expect(await text('#effect')).toBe('Refunded the newest request of A: 1 of 50 places taken, 0.0 tokens.')
    expect(await text('[data-tally=spillway]')).toBe('2 base, 0 burst, 1 denied, 1 refunded')
    expect(await text('#block')).toBe('Block for 2 s')
    await page.click('#block')
    await page.click('#send')
    expect(await text('[data-tally=spillway]')).toBe('2 base, 0 burst, 2 denied (1 blocked), 1 refunded')
    expect(await text('#conditions')).toBe('blocked for 2 s')
    await page.click('#step')
    expect(await page.locator('#lanes').getAttribute('aria-label')).toContain('blocked for 1.95 s')
    expect(await text('#block')).toBe('Unblock')
    await page.click('#block')
    await page.click('#send')
    expect(await text('[data-tally=spillway]')).toBe('3 base, 0 burst, 2 denied (1 blocked), 1 refunded')
    await hand.fill('51')
    await hand.press('Enter')
    expect(await text('#handLimit-note')).toBe('51 is too high: 50 is the most.')
  })

  it('shows a fleet within its bound, and says the bound', async () => {
    await open('paused&a=hammer&processes=10&hop=100&allowance=9')
    await move(6, 0)
    expect(await text('#fleet-bound')).toBe('50 + 10 processes × 9 allowance = 140 at most in any window')
    const worst = Number.parseInt((await text('[data-worst=fleet]')) ?? '', 10)
    expect(worst).toBeGreaterThan(50)
    expect(worst).toBeLessThanOrEqual(140)
    expect(await text('[data-worst=fleet-exact]')).toBe('50, 1.00× the limit')
    expect(await text('[data-worst=fleet-share]')).toBe('50, 1.00× the limit')
    expect(await page.locator('#fleet-window').getAttribute('aria-label')).toContain(`report and adopt ${worst}`)
    const bound = await page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--denied'))
    expect(bound).not.toBe('')
  })

  it('reaches limits an hour', async () => {
    await open('paused&limit=10000&window=3600000&burst=10000&a=steady&b=none&c=none')
    await move(2, 1)
    await page
      .locator('#now')
      .filter({ hasText: /^2:03:00$/ })
      .waitFor()
    expect(await text('#step')).toBe('+3 min')
    expect(await text('#leap')).toBe('+1 h')
    expect(await text('#scores-title')).toBe('Worst hour so far')
    expect(await text('[data-worst=spillway]')).toBe('8000, 0.80× the limit')
  })

  it.each([
    ['light', 360],
    ['dark', 360],
    ['light', 320],
    ['dark', 320],
  ] as const)('fits a phone, in the %s look, %d pixels wide, and switches it', async (colorScheme, width) => {
    const viewport = { width, height: 740 }
    await open('paused&limit=1e6&hop=5000', { viewport, colorScheme, hasTouch: true, isMobile: true })
    await move(2, 0)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
    const top = (selector: string) => page.locator(selector).evaluate((found) => found.getBoundingClientRect().top)
    expect(await top('#scores')).toBeLessThan(await top('#lanes'))
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    const before = await background()
    await page.click('#theme')
    expect(await background()).not.toBe(before)
    await page.click('#theme')
    expect(await background()).toBe(before)
  })

  it('starts paused where less motion is asked for', async () => {
    await open('', { reducedMotion: 'reduce' })
    expect(await text('#play')).toBe('Play')
    expect(await text('#now')).toBe('0.00 s')
  })
})

/** Pixels of each colour in each of the upper five of the six rows of requests. */
function marksByRow(page: Page, colours: readonly string[]): Promise<number[][]> {
  return page.evaluate((wanted) => {
    const drawn = document.querySelector<HTMLCanvasElement>('#lanes canvas')
    if (!drawn) throw new Error('There is no canvas of requests')
    // Copied to one that is made for reading: Chromium warns of reading the page's own.
    const canvas = Object.assign(document.createElement('canvas'), { width: drawn.width, height: drawn.height })
    const context = canvas.getContext('2d', { willReadFrequently: true })
    if (!context) throw new Error('There is no 2D context')
    context.drawImage(drawn, 0, 0)
    const rgb = wanted.map((hex) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)))
    // The chart has 6 pixels above its rows and 8 below; labels of rows are left of the first 70.
    const height = (canvas.height - 14) / 6
    return wanted.map((_, row) => {
      const { data } = context.getImageData(70, Math.round(6 + row * height), canvas.width - 70, Math.round(height))
      const counts = rgb.map(() => 0)
      for (let at = 0; at < data.length; at += 4) {
        const found = rgb.findIndex((channels) => channels.every((value, k) => data[at + k] === value))
        if (found >= 0) counts[found] = (counts[found] ?? 0) + 1
      }
      return counts
    })
  }, colours)
}
