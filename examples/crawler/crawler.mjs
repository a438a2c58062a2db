// Crawls the sites that it is given: each no faster than 10 pages a second, two at a time, and slower where a site says so.
// Run: npm i spillway && node crawler.mjs https://example.com/
import { loadLimiter } from 'spillway'
import { throttledFetch } from 'spillway/queue'

const seeds = process.argv.slice(2)
if (seeds.length === 0) {
  console.error('Usage: node crawler.mjs URL...')
  process.exit(2)
}

const limiter = await loadLimiter({ limit: 10, windowMs: 1000 })
// The key is the origin, unless it is given: each site has its own limit and its own line.
const politeFetch = throttledFetch({ limiter, concurrency: { perUser: 2 }, maxWaiting: 100_000, retries: 5 })

const origins = new Set(seeds.map((seed) => new URL(seed).origin))
const seen = new Set()
const counts = { pages: 0, failed: 0 }

async function visit(url) {
  if (seen.has(url) || !origins.has(new URL(url).origin)) return
  seen.add(url)
  try {
    const response = await politeFetch(url)
    const text = await response.text()
    if (response.ok) counts.pages++
    else counts.failed++
    const links = [...text.matchAll(/href="([^"#]+)/g)].map(([, link]) => new URL(link, url).href)
    await Promise.all(links.map(visit))
  } catch (error) {
    counts.failed++
    console.error(`${url}: ${error.message}`)
  }
}

const start = performance.now()
await Promise.all(seeds.map(visit))
const seconds = (performance.now() - start) / 1000
console.log(JSON.stringify({ sites: origins.size, ...counts, seconds: Number(seconds.toFixed(2)) }))
