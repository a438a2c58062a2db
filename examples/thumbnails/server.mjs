// Serves 500 thumbnails, 200 in any second to all clients together, and the page that loads them.
// Run: npm i spillway && node server.mjs
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { loadLimiter } from 'spillway'
import { rateLimit } from 'spillway/express'

const limiter = await loadLimiter({ limit: 200, windowMs: 1000 })
const limit = rateLimit({ limiter, key: () => 'everybody' })

const PACKAGE = dirname(createRequire(import.meta.url).resolve('spillway/package.json'))
const TYPES = { html: 'text/html', js: 'text/javascript' }
let denied = 0

const server = createServer((req, res) => {
  const { pathname } = new URL(req.url, 'http://localhost')
  if (pathname.startsWith('/thumbnails/')) {
    limit(req, res, () => thumbnail(res, Number(pathname.slice('/thumbnails/'.length))))
    if (res.statusCode === 429) denied++
  } else if (pathname === '/denied') res.end(`${denied}`)
  else if (/^\/package\/[\w./-]+\.js$/.test(pathname) && !pathname.includes('..')) {
    send(res, join(PACKAGE, pathname.slice('/package/'.length)), TYPES.js)
  } else if (pathname === '/main.js') send(res, new URL('main.js', import.meta.url), TYPES.js)
  else if (pathname === '/') send(res, new URL('index.html', import.meta.url), TYPES.html)
  else res.writeHead(404).end()
})

function thumbnail(res, number) {
  const hue = (number * 37) % 360
  res.setHeader('Content-Type', 'image/svg+xml')
  res.end(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9" fill="hsl(${hue} 60% 60%)"/></svg>`,
  )
}

async function send(res, file, type) {
  try {
    const text = await readFile(file)
    res.writeHead(200, { 'Content-Type': type }).end(text)
  } catch {
    res.writeHead(404).end()
  }
}

server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`Listening on http://127.0.0.1:${server.address().port}`)
})
