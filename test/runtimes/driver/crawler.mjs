/** Runs the example of a crawler on two sites, one of which says to be asked more slowly. */

import { spawn } from 'node:child_process'
import { createServer } from 'node:http'

const PAGES = 25
/** What the example admits of a site in a second. */
const LIMIT = 10

/** @param {string} app the folder that has the package and the examples */
export async function checkCrawler(app) {
  const sites = [await startSite(), await startSite({ denied: 12 })]
  try {
    const { stdout, stderr, code } = await run(
      app,
      sites.map(({ url }) => `${url}/0`),
    )
    if (code !== 0 || stderr !== '') throw new Error(`it ended with ${code}: ${stderr}`)
    const summary = JSON.parse(stdout)
    for (const { answered, denials } of sites) {
      const twice = [...answered.entries()].find(([, times]) => times !== 1)
      if (answered.size !== PAGES || twice)
        throw new Error(`answered: ${JSON.stringify([...answered])}, ${denials} denied`)
    }
    if (summary.pages !== 2 * PAGES || summary.failed !== 0) throw new Error(`it said ${stdout}`)
    // The last of a site starts so late at the earliest.
    const least = Math.ceil(PAGES / LIMIT) - 1
    if (summary.seconds < least) throw new Error(`it took ${summary.seconds} s, less than ${least}`)
    if (sites[1].denials !== 1) throw new Error(`a site that denied once denied ${sites[1].denials} times`)
    return `${summary.pages} pages of 2 sites in ${summary.seconds} s, each once; one waited after a 429`
  } finally {
    await Promise.all(sites.map(({ close }) => close()))
  }
}

/** A site whose pages link to each other. Denies the first request of one page, if told to. */
async function startSite({ denied } = {}) {
  const site = { answered: new Map(), denials: 0 }
  const server = createServer((asked, answer) => {
    const page = Number(asked.url.slice(1))
    if (page === denied && site.denials === 0) {
      site.denials++
      answer.writeHead(429, { 'Retry-After': '1' }).end()
      return
    }
    site.answered.set(page, (site.answered.get(page) ?? 0) + 1)
    const links = Array.from({ length: PAGES }, (_, other) => `<a href="/${other}">${other}</a>`)
    answer.writeHead(200, { 'Content-Type': 'text/html' }).end(links.join('\n'))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(site, {
    url: `http://127.0.0.1:${server.address().port}`,
    close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      return closed
    },
  })
}

function run(app, urls) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['examples/crawler/crawler.mjs', ...urls], { cwd: app, timeout: 60_000 })
    const said = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => {
        said[name] += text
      })
    }
    child.on('error', reject)
    child.on('close', (code) => resolve({ ...said, code }))
  })
}
