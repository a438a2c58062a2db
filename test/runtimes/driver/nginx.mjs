/** A real nginx in front of a server, set up as docs/express.md says. */
import { spawn } from 'node:child_process'
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { freePort } from './app-server.mjs'

const NGINX = '/usr/sbin/nginx'
const PAGE = fileURLToPath(new URL('../../../docs/express.md', import.meta.url))

export function isNginxInstalled() {
  return access(NGINX).then(
    () => true,
    () => false,
  )
}

/**
 * Runs nginx while `use` runs, and gives what it gave.
 *
 * @param {string} target the server's address
 * @template Result
 * @param {(nginx: Nginx) => Promise<Result>} use
 * @returns {Promise<Result>}
 */
export async function withNginx(target, use) {
  const folder = await mkdtemp(`${tmpdir()}/spillway-nginx-`)
  const port = await freePort()
  const file = `${folder}/nginx.conf`
  await writeFile(file, configuration(await configurationOfPage(), port, new URL(target).port))
  const child = spawn(NGINX, ['-c', file, '-p', folder, '-e', 'stderr'], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  const ended = new Promise((resolve) => child.on('close', resolve))
  try {
    await Promise.race([listens(port), ended.then((code) => Promise.reject(new Error(`nginx ended: ${code} ${said}`)))])
    return await use(new Nginx(port))
  } finally {
    child.kill('SIGTERM')
    await ended
    await rm(folder, { recursive: true, force: true })
  }
}

class Nginx {
  #port

  constructor(port) {
    this.#port = port
  }

  /**
   * Asks as a client of an address, which nginx learns by the PROXY protocol, since all here is on the loopback.
   *
   * @param {string} client
   * @param {Record<string, string>} headers
   */
  ask(client, headers) {
    return new Promise((resolve, reject) => {
      const createConnection = () => {
        const socket = connect(this.#port, '127.0.0.1')
        socket.write(`PROXY TCP4 ${client} 127.0.0.1 40000 80\r\n`)
        return socket
      }
      const asked = request({ createConnection, host: '127.0.0.1', path: '/', headers }, (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (text) => {
          body += text
        })
        const { statusCode: status, headers: own } = response
        response.on('end', () => resolve({ status, header: (name) => own[name] ?? null, body }))
      })
      asked.on('error', reject)
      asked.end()
    })
  }
}

async function configurationOfPage() {
  const block = /```nginx\n(.*?)```/s.exec(await readFile(PAGE, 'utf8'))?.[1]
  if (block === undefined) throw new Error('docs/express.md has no nginx block')
  return block
}

/** The page's, on ports that are free, with clients by the PROXY protocol, and all files in the folder it runs in. */
function configuration(ofPage, port, targetPort) {
  const replaced = ofPage
    .replace('127.0.0.1:8080', `127.0.0.1:${targetPort}`)
    .replace(
      'listen 80;',
      `listen 127.0.0.1:${port} proxy_protocol; set_real_ip_from 127.0.0.1; real_ip_header proxy_protocol;`,
    )
  if (!replaced.includes(`:${targetPort};`) || !replaced.includes(`:${port} proxy_protocol`)) {
    throw new Error('the nginx block of docs/express.md has other ports than this expects')
  }
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`)
  return `daemon off; pid nginx.pid; worker_processes 1; events { worker_connections 64; }
http { access_log off; ${temporary.join(' ')}
${replaced}
}
`
}

/** Waits until a port takes connections. */
async function listens(port) {
  for (;;) {
    const isThere = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket
        .on('error', () => resolve(false))
        .on('connect', () => {
          socket.destroy()
          resolve(true)
        })
    })
    if (isThere) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
