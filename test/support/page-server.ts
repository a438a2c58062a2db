/** A server whose code is that of a page: run as it is, from the built package, in a process of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { ROOT } from '../package/packed.js'

/** Listens on loopback and a free port, whatever the page says, and tells which. */
const LISTEN = `
  import { Server } from 'node:net'
  const listen = Server.prototype.listen
  Server.prototype.listen = function (...args) {
    this.once('listening', () => console.log(this.address().port))
    return listen.call(this, { port: 0, host: '127.0.0.1' }, args.findLast((arg) => typeof arg === 'function'))
  }`

/** Starts the server, gives its address to `use`, and ends it then. */
export async function withPageServer(code: string, use: (origin: string) => Promise<void>): Promise<void> {
  const server = spawn(
    process.execPath,
    ['--input-type=module', '--import', `data:text/javascript,${encodeURIComponent(LISTEN)}`, '-e', code],
    { cwd: ROOT, env: { ...process.env, NODE_OPTIONS: '' }, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  try {
    const [port] = await once(createInterface(server.stdout), 'line')
    await use(`http://127.0.0.1:${port}`)
  } finally {
    server.kill()
  }
}
