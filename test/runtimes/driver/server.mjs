/** The web server that browsers get the suite from, and send its report to. */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
}

/** The strictest policy that lets the library run; `connect-src` only lets the page send its report. */
export const STRICT_POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"

/**
 * Serves a folder on an ephemeral port of this machine.
 *
 * @param {string} folder
 * @param {object} [settings]
 * @param {Record<string, string>} [settings.headers] sent with every file
 * @param {Record<string, string | Uint8Array>} [settings.made] what is served at a path instead of a file
 * @returns {Promise<{ url: string, report: Promise<object>, close: () => Promise<void> }>} `report` is what a page
 *   sends to `/report`
 */
export async function serve(folder, { headers = {}, made = {} } = {}) {
  let sent
  const report = new Promise((resolve) => {
    sent = resolve
  })
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost')
    if (request.method === 'POST' && pathname === '/report') {
      sent(JSON.parse(await text(request)))
      response.writeHead(204).end()
      return
    }
    const path = pathname.endsWith('/') ? `${pathname}index.html` : pathname
    try {
      const body = made[path] ?? (await readFile(join(folder, normalize(path))))
      response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'text/plain', ...headers }).end(body)
    } catch {
      response.writeHead(404, headers).end()
    }
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () =>
    new Promise((resolve) => {
      server.close(resolve)
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${server.address().port}`, report, close }
}

async function text(request) {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += chunk
  return body
}
