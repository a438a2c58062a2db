/** Runs the example of a page that loads thumbnails: all come, none is denied, what is on screen comes first, Cancel ends it. */
import { withServer } from './app-server.mjs'
import { openChromium } from './browsers.mjs'

const COUNT = 500
/** What the page sends in a second. */
const LIMIT = 180

/** @param {string} app the folder that has the package and the examples */
export function checkThumbnails(app) {
  return withServer(app, ['examples/thumbnails/server.mjs'], check, { env: { PORT: '0' } })
}

async function check(url) {
  const { order, onScreen, seconds } = await openChromium(loadAll(url))
  if (order.length !== COUNT || new Set(order).size !== COUNT) throw new Error(`${order.length} requests left`)
  const least = Math.ceil(COUNT / LIMIT) - 1
  if (seconds < least) throw new Error(`all came within ${seconds} s`)
  // Those in view asked before nearly all others: some had left before the page knew what is in view.
  const last = Math.max(...onScreen.map((number) => order.indexOf(number)))
  if (last > onScreen.length + LIMIT) throw new Error(`one on screen was number ${last} to leave`)
  const denied = await (await fetch(`${url}/denied`)).text()
  if (denied !== '0') throw new Error(`${denied} were denied`)
  const cancelled = await openChromium(cancelSoon(url))
  if (cancelled.after !== cancelled.before || cancelled.before >= COUNT) {
    throw new Error(`${cancelled.before} had left when it was cancelled, ${cancelled.after} in the end`)
  }
  return `${COUNT} thumbnails in ${seconds.toFixed(1)} s, none denied, those on screen first; cancelled after ${cancelled.before}`
}

/** Scrolls to the end at once: the last ones are then on screen. */
function loadAll(url) {
  return async (page) => {
    await page.addInitScript(recordThumbnails)
    const start = performance.now()
    await page.goto(url)
    await page
      .locator('img')
      .nth(COUNT - 1)
      .scrollIntoViewIfNeeded({ timeout: 10_000 })
    await page.getByText(`${COUNT} of ${COUNT}`).waitFor({ timeout: 30_000 })
    const seconds = (performance.now() - start) / 1000
    return { seconds, ...(await page.evaluate(numbers)) }
  }
}

function cancelSoon(url) {
  return async (page) => {
    await page.addInitScript(recordThumbnails)
    await page.goto(url)
    await page.getByText(/^[1-9]\d* of/).waitFor({ timeout: 10_000 })
    await page.getByRole('button').click({ timeout: 10_000 })
    await page.getByText('Cancelled').waitFor({ timeout: 10_000 })
    const before = await page.evaluate(() => globalThis.thumbnails.length)
    // Longer than the limiter makes anyone wait.
    await page.waitForTimeout(1500)
    return { before, after: await page.evaluate(() => globalThis.thumbnails.length) }
  }
}

/** Runs in the page before its own scripts: notes which thumbnails its `fetch` asks for. */
function recordThumbnails() {
  const { fetch } = globalThis
  globalThis.thumbnails = []
  globalThis.fetch = (...call) => {
    globalThis.thumbnails.push(Number(String(call[0]).split('/').at(-1)))
    return fetch(...call)
  }
}

/** In the page: those that left, in order, and those that are on screen. */
function numbers() {
  const isInView = (image) => {
    const { top, bottom } = image.getBoundingClientRect()
    return bottom > 0 && top < innerHeight
  }
  const images = [...document.querySelectorAll('img')]
  return {
    order: globalThis.thumbnails,
    onScreen: images.filter(isInView).map((image) => Number(image.dataset.address.split('/').at(-1))),
  }
}
