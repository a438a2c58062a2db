// Node: an HTTP server whose limits outlive a restart, and a crash but for the last interval. An address that goes on after
// five requests in a quarter of an hour is blocked for an hour. Run: npm i spillway && node server.mjs
import { open, readFile, rename } from 'node:fs/promises'
import { createServer } from 'node:http'
import { dirname, resolve } from 'node:path'
import { loadLimiter, secondsToWait } from 'spillway'

const FILE = resolve(process.env.SNAPSHOT ?? 'limits.snapshot')
const INTERVAL_MS = Number(process.env.INTERVAL_MS ?? 10_000)
const WINDOW_MS = 15 * 60_000
const BLOCK_MS = 60 * 60_000
const options = { limit: 5, windowMs: WINDOW_MS }

const limiter = await load()
let saving = Promise.resolve()
let timer = setTimeout(saveAgain, INTERVAL_MS)

const server = createServer((request, response) => {
  // A header that anybody can set is for trying this out: take the user from a key of your API, or the address.
  const user = request.headers['x-user'] ?? request.socket.remoteAddress ?? 'unknown'
  const { allowed, remaining, reason, retryAfterMs } = limiter.check(user)
  if (allowed) {
    response.writeHead(200, { 'x-ratelimit-remaining': remaining }).end('Hello\n')
    return
  }
  if (reason === 'limit') limiter.block(user, BLOCK_MS)
  const longestMs = reason === 'blocked' ? BLOCK_MS : WINDOW_MS
  response.writeHead(429, { 'retry-after': secondsToWait(retryAfterMs, longestMs) }).end(`${reason}\n`)
})

server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`Listening on http://127.0.0.1:${server.address().port} with ${limiter.stats().users} users`)
})

process.once('SIGTERM', async () => {
  clearTimeout(timer)
  server.close()
  server.closeAllConnections()
  await save()
  process.exit()
})

/** Goes on from the snapshot, if there is one. One that is damaged, or of other options, is said and left where it is. */
async function load() {
  try {
    const snapshot = await readFile(FILE)
    return await loadLimiter({ ...options, snapshot })
  } catch (error) {
    if (error.code !== 'ENOENT') console.error(`Starting without the limits in ${FILE}: ${error.message}`)
    return loadLimiter(options)
  }
}

/** Writes one snapshot after the other. */
function save() {
  saving = saving.then(write).catch((error) => console.error(`Limits are not saved: ${error.message}`))
  return saving
}

async function saveAgain() {
  await save()
  timer = setTimeout(saveAgain, INTERVAL_MS)
}

/**
 * Never leaves half a file under the name, whenever it is killed or the power goes: all bytes are on disk before the file takes
 * the name. It is a secret, so only the owner may read it.
 */
async function write() {
  const unfinished = `${FILE}.unfinished`
  const file = await open(unfinished, 'w', 0o600)
  try {
    await file.writeFile(limiter.snapshot())
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(unfinished, FILE)
  // Windows opens no folders.
  if (process.platform === 'win32') return
  const folder = await open(dirname(FILE), 'r')
  await folder.sync().finally(() => folder.close())
}
