/** Checks the example of WebSockets: 5 upgrades of an address go on, and 10 of its messages, over all of its connections. */
import { once } from 'node:events'
import { WebSocket } from 'ws'

const UPGRADES = 5
const MESSAGES = 10
const CLIENTS = ['198.51.100.1', '198.51.100.2']

/** @param {string} url the server's address; the driver is the proxy that it trusts */
export async function checkWebSockets(url) {
  const [client, other] = CLIENTS.map((address) => () => connect(url, address))
  const opened = []
  try {
    for (let i = 0; i < UPGRADES; i++) opened.push(await client())
    const refused = await client().catch((error) => error.response)
    if (refused?.statusCode !== 429) throw new Error(`an upgrade too many: ${refused?.statusCode ?? 'is admitted'}`)
    const wait = Number(refused.headers['retry-after'])
    if (!(wait >= 1 && wait <= 60)) throw new Error(`Retry-After is ${refused.headers['retry-after']}`)

    const [first, second] = opened
    for (let i = 0; i < MESSAGES; i++) {
      const answer = once(i % 2 === 0 ? first : second, 'message')
      ;(i % 2 === 0 ? first : second).send(`message ${i}`)
      const [data] = await answer
      if (String(data) !== `message ${i}`) throw new Error(`message ${i} is answered by ${data}`)
    }
    for (const socket of [first, second]) {
      socket.on('message', () => socket.terminate())
      const closed = once(socket, 'close')
      // All at once: those behind the first that is too many are not answered, either.
      for (let i = 0; i < 3; i++) socket.send('too many')
      const [code, reason] = await closed
      if (code !== 1013 || !/^again in \d+ s$/.test(reason)) throw new Error(`closed by ${code} ${reason}`)
    }
    opened.push(await other())
    return `${UPGRADES} upgrades, then 429; ${MESSAGES} messages, then closed by 1013; another client connected`
  } finally {
    for (const socket of opened) socket.terminate()
  }
}

/** Connects as a client of that address. Rejects, with the response, if it is refused. */
async function connect(url, address) {
  const socket = new WebSocket(url, { headers: { 'x-forwarded-for': address } })
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
    socket.once('unexpected-response', (_, response) => {
      response.resume()
      reject(Object.assign(new Error(`refused: ${response.statusCode}`), { response }))
    })
  })
  return socket
}
