/**
 * Has a page go away and come back with its limiter: into the browser's back/forward cache, and frozen as a hidden or
 * suspended page is. The clock may stand still meanwhile or go on; answers must follow the clock, and sweeping go on.
 */
import { readFile } from 'node:fs/promises'
import { openChromium } from './browsers.mjs'
import { serve } from './server.mjs'

const LIMIT = 5
/** Longer than the window of a second, so that it shows whether the clock went on. */
const AWAY_MS = 1500

const PAGE = `<!doctype html><title>away</title><script type="module">
import { loadLimiter } from '/spillway.min.js'
addEventListener('pageshow', ({ persisted }) => { globalThis.restored = persisted })
globalThis.limiter = await loadLimiter({ limit: ${LIMIT}, burst: false, sweepIntervalMs: 20 })
</script>`

const WAYS = {
  'back/forward cache': async (page, url) => {
    await page.goto(`${url}/other.html`)
    await page.waitForTimeout(AWAY_MS)
    await page.evaluate(() => history.back())
    await page.waitForFunction(() => globalThis.restored === true, undefined, { timeout: 10_000 })
  },
  frozen: async (page) => {
    const devtools = await page.context().newCDPSession(page)
    await devtools.send('Page.setWebLifecycleState', { state: 'frozen' })
    await new Promise((resolve) => setTimeout(resolve, AWAY_MS))
    await devtools.send('Page.setWebLifecycleState', { state: 'active' })
  },
}

/**
 * @param {string} app the folder that the package is installed in
 * @returns {Promise<string>} what was seen
 */
export async function checkAwayPage(app) {
  const bundle = await readFile(`${app}/node_modules/spillway/dist/spillway.min.js`)
  const made = { '/away.html': PAGE, '/other.html': '<!doctype html><title>other</title>', '/spillway.min.js': bundle }
  const server = await serve(app, { made })
  try {
    const seen = []
    for (const [way, goAndComeBack] of Object.entries(WAYS)) {
      const went = await openChromium(
        async (page) => {
          await page.goto(`${server.url}/away.html`)
          await page.waitForFunction(() => globalThis.limiter !== undefined)
          const before = await page.evaluate(askMuch)
          if (before.admitted !== LIMIT) throw new Error(`${way}: ${before.admitted} admitted at once, not ${LIMIT}`)
          await goAndComeBack(page, server.url)
          const after = await page.evaluate(askMuch)
          const ms = after.clock - before.clock
          // At the very edge either is right; it is far from it, unless the clock stopped on the way.
          const expected = ms >= 1000 ? LIMIT : 0
          if (after.admitted !== expected)
            throw new Error(`${way}: ${after.admitted} admitted after ${ms} ms by the clock`)
          await page.waitForFunction(() => globalThis.limiter.stats().users === 0, undefined, { timeout: 10_000 })
          return ms
        },
        { backForwardCache: true },
      )
      seen.push(`${way}: the clock went on by ${Math.round(went)} ms, and sweeping goes on`)
    }
    return seen.join('; ')
  } finally {
    await server.close()
  }
}

/** Runs in the page: more requests at once than are admitted. */
function askMuch() {
  const clock = performance.now()
  let admitted = 0
  for (let i = 0; i < 8; i++) if (globalThis.limiter.isAllowed('user')) admitted++
  return { clock, admitted }
}
