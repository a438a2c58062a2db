/** Starts Debian's browsers, each by the protocol that suits it, and has them open a page. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { freePort } from './app-server.mjs'
import { exists, importFrom, install, run } from './tools.mjs'
import { PUPPETEER, SELENIUM } from './versions.mjs'

const LONGEST_RUN_MS = 120_000

/** Flags that let Chromium run as root in a container, and keep it from calling home. */
const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

/** By browser: the file that must be there, and how a page is opened and told of until `until` is settled. */
const BROWSERS = {
  chromium: { path: '/usr/bin/chromium', open: openInChromium },
  firefox: { path: '/usr/bin/firefox-esr', open: openInFirefox },
  webkit: { path: '/usr/bin/WebKitWebDriver', open: openInWebKit },
}

/** The version of an installed browser, in its own words. */
export async function browserVersion(browser) {
  // MiniBrowser wants a display even to tell its version.
  const command =
    browser === 'webkit' ? ['xvfb-run', '--auto-servernum', await miniBrowser()] : [BROWSERS[browser].path]
  const { stdout } = await run(command[0], [...command.slice(1), '--version'], { timeout: 20_000 })
  return stdout.trim().split('\n')[0]
}

/** Whether a browser is there. WebKit also wants a display of its own. */
export async function isInstalled(browser) {
  return (await exists(BROWSERS[browser].path)) && (browser !== 'webkit' || (await exists('/usr/bin/Xvfb')))
}

/**
 * Opens a page in a browser until a promise is settled, and gives what it is settled with.
 *
 * @template T
 * @param {keyof typeof BROWSERS} browser
 * @param {string} url
 * @param {Promise<T>} until
 * @returns {Promise<T>}
 */
export async function openPage(browser, url, until) {
  const said = []
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no report from ${url}; the page said: ${said.join(' | ')}`)),
      LONGEST_RUN_MS,
    )
  })
  try {
    return await BROWSERS[browser].open(url, Promise.race([until, late]), said)
  } finally {
    clearTimeout(timer)
  }
}

async function openInChromium(url, until, said) {
  return openChromium(async (page) => {
    page.on('console', (message) => said.push(message.text()))
    page.on('pageerror', (error) => said.push(error.message))
    await page.goto(url)
    return await until
  })
}

/**
 * Starts Chromium with a profile that knows nothing, for as long as `use` uses a page of it.
 *
 * @template T
 * @param {(page: import('playwright-core').Page) => Promise<T>} use
 * @param {object} [settings]
 * @param {boolean} [settings.backForwardCache] whether pages gone from are kept, as they are for a person
 * @returns {Promise<T>}
 */
export function openChromium(use, { backForwardCache = false } = {}) {
  return inNewFolder(async (folder) => {
    const context = await chromium.launchPersistentContext(folder, {
      executablePath: BROWSERS.chromium.path,
      args: CHROMIUM_FLAGS,
      chromiumSandbox: false,
      ignoreDefaultArgs: backForwardCache ? ['--disable-back-forward-cache'] : [],
    })
    try {
      return await use(await context.newPage())
    } finally {
      await context.close()
    }
  })
}

async function openInFirefox(url, until, said) {
  const { launch } = await importFrom(await install(PUPPETEER), 'puppeteer-core')
  return inNewFolder(async (folder) => {
    const browser = await launch({
      browser: 'firefox',
      executablePath: BROWSERS.firefox.path,
      userDataDir: folder,
      headless: true,
      extraPrefsFirefox: { 'app.update.enabled': false, 'network.captive-portal-service.enabled': false },
    })
    try {
      const page = await browser.newPage()
      page.on('console', (message) => said.push(message.text()))
      await page.goto(url)
      return await until
    } finally {
      await browser.close()
    }
  })
}

async function openInWebKit(url, until) {
  const { Builder, Capabilities } = await importFrom(await install(SELENIUM), 'selenium-webdriver').then(defaulted)
  const port = await freePort()
  const binary = await miniBrowser()
  const env = { ...process.env, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1', LIBGL_ALWAYS_SOFTWARE: '1' }
  const args = ['--auto-servernum', BROWSERS.webkit.path, `--port=${port}`]
  const server = spawn('xvfb-run', args, { env, stdio: 'ignore', detached: true })
  try {
    await listening(port)
    const capabilities = new Capabilities({
      browserName: 'MiniBrowser',
      'webkitgtk:browserOptions': { binary, args: ['--automation'] },
    })
    const driver = await new Builder().usingServer(`http://127.0.0.1:${port}`).withCapabilities(capabilities).build()
    try {
      await driver.get(url)
      return await until
    } finally {
      await driver.quit()
    }
  } finally {
    // The whole group: xvfb-run started the driver and the display.
    process.kill(-server.pid)
  }
}

/** WebKitGTK's browser, which lies in a folder named for the architecture and the version of the interface. */
async function miniBrowser() {
  const { stdout } = await run('bash', ['-c', 'ls /usr/lib/*/webkit2gtk-4.*/MiniBrowser'])
  return stdout.split('\n')[0]
}

async function inNewFolder(use) {
  const folder = await mkdtemp(join(tmpdir(), 'spillway-browser-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}

function defaulted(module) {
  return module.default ?? module
}

/** Waits until something answers at a port, ten seconds at most. */
async function listening(port) {
  for (let tries = 0; tries < 100; tries++) {
    const answered = await fetch(`http://127.0.0.1:${port}/status`).then(
      () => true,
      () => false,
    )
    if (answered) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('WebKitWebDriver did not start')
}
