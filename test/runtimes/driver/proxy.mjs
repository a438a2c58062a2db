/** A proxy in front of a server, which adds the client's address to `X-Forwarded-For` as nginx does. */
import { createServer, request } from 'node:http'

/**
 * Runs a proxy.
 *
 * @param {string} target the server's address
 * @param {string} client the address that clients of this proxy have
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function startProxy(target, client) {
  const proxy = createServer((asked, answer) => {
    const before = asked.headers['x-forwarded-for']
    const headers = {
      ...asked.headers,
      'x-forwarded-for': before === undefined ? client : `${before}, ${client}`,
      // Cloudflare's, which takes the place of what a client sent.
      'cf-connecting-ip': client,
    }
    const passed = request(`${target}${asked.url}`, { method: asked.method, headers }, (response) => {
      answer.writeHead(response.statusCode, response.rawHeaders)
      response.pipe(answer)
    })
    passed.on('error', (error) => answer.destroy(error))
    asked.pipe(passed)
  })
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${proxy.address().port}`,
    close() {
      const closed = new Promise((resolve) => proxy.close(resolve))
      proxy.closeAllConnections()
      return closed
    },
  }
}
