/** Runs the example of a page that throttles its own `fetch`, and watches when its calls really leave. */
import { openChromium } from './browsers.mjs'
import { serve } from './server.mjs'

const CALLS = 25
/** Time that may pass between the admission of a call and its leaving. */
const DELAY_MS = 20

/**
 * @param {string} app the folder that has the package and the examples
 * @param {number} limit calls that the page may send in a second
 * @returns {Promise<string>} what was seen
 */
export async function checkThrottlingPage(app, limit) {
  const server = await serve(app)
  try {
    const departures = await openChromium(async (page) => {
      await page.addInitScript(recordDepartures)
      await page.goto(`${server.url}/examples/browser-fetch/index.html`)
      await page.getByRole('button').click({ timeout: 10_000 })
      await page
        .getByRole('listitem')
        .nth(CALLS - 1)
        .waitFor({ timeout: 20_000 })
      return page.evaluate(() => globalThis.departures)
    })
    if (departures.length !== CALLS) throw new Error(`${departures.length} calls left, not ${CALLS}`)
    for (let i = limit; i < CALLS; i++) {
      const span = departures[i] - departures[i - limit]
      if (span < 1000 - DELAY_MS) throw new Error(`${limit + 1} calls left within ${span} ms`)
    }
    return `${CALLS} calls made at once left over ${((departures.at(-1) - departures[0]) / 1000).toFixed(2)} s`
  } finally {
    await server.close()
  }
}

/** Runs in the page before its own scripts: notes when its `fetch` is called. */
function recordDepartures() {
  const { fetch } = globalThis
  globalThis.departures = []
  globalThis.fetch = (...call) => {
    globalThis.departures.push(performance.now())
    return fetch(...call)
  }
}
