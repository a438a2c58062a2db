// WebSockets behind a proxy on this machine: an address may connect 5 times a minute, and send 10 messages a minute over all
// of its connections. Run: npm i spillway ws && node server.mjs
import { createServer } from 'node:http'
import { loadLimiter, secondsToWait } from 'spillway'
import { clientAddress, createEvaluator } from 'spillway/http'
import { WebSocket, WebSocketServer } from 'ws'

const WINDOW_MS = 60_000
const TRY_AGAIN_LATER = 1013

const messages = await loadLimiter({ limit: 10, windowMs: WINDOW_MS })
const decide = createEvaluator({
  limiter: await loadLimiter({ limit: 5, windowMs: WINDOW_MS }),
  key: (request) => clientAddress(request, { trust: ['loopback'] }),
})

const sockets = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024 })
const server = createServer((_request, response) => {
  response.writeHead(426).end('WebSockets only\n')
})

server.on('upgrade', async (request, socket, head) => {
  // A client that leaves meanwhile is no error of the server.
  socket.on('error', () => socket.destroy())
  const { pass, headers, verdict } = await decide(request)
  if (!pass) {
    // Refused before there is a WebSocket, so it costs no handshake and no memory.
    const status = verdict ? '429 Too Many Requests' : '500 Internal Server Error'
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`)
    socket.end(`HTTP/1.1 ${status}\r\n${lines.join('')}Connection: close\r\nContent-Length: 0\r\n\r\n`)
    return
  }
  sockets.handleUpgrade(request, socket, head, (webSocket) => serve(webSocket, verdict.limits[0].key))
})

function serve(webSocket, user) {
  webSocket.on('error', () => webSocket.terminate())
  webSocket.on('message', (data, isBinary) => {
    // Messages go on arriving until the client has seen that it is closed.
    if (webSocket.readyState !== WebSocket.OPEN) return
    const { allowed, retryAfterMs } = messages.check(user)
    if (allowed) webSocket.send(data, { binary: isBinary })
    else webSocket.close(TRY_AGAIN_LATER, `again in ${secondsToWait(retryAfterMs, WINDOW_MS)} s`)
  })
}

server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`Listening on http://127.0.0.1:${server.address().port}`)
})
