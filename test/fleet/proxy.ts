/** A way to a server that is slow, that stalls, that is cut, and whose connections overtake each other, as told. */
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'

export interface ProxyServer {
  readonly port: number
  readonly url: string
  /** Connections that are open now, the oldest first. */
  readonly connections: readonly Connection[]
  /** Milliseconds that everything takes longer from now on, each way. */
  delayMs: number
  /** Whether all connections are stalled, and new ones: they stay open, and nothing passes until that ends. */
  stalled: boolean
  /** Whether new connections are cut at once. */
  refuses: boolean
  /** Cuts all connections, as a reset does. */
  cut(): void
  stop(): Promise<void>
}

interface Connection {
  /** Whether questions wait here, while those of other connections go on. */
  stalled: boolean
  /** Bytes that wait. */
  readonly waiting: number
}

export async function startProxy(target: { readonly port: number }): Promise<ProxyServer> {
  const connections: Way[] = []
  const state = { delayMs: 0, stalled: false, refuses: false }
  const server = createServer((socket) => {
    if (state.refuses) {
      socket.resetAndDestroy()
      return
    }
    const way = new Way(socket, connect(target.port, '127.0.0.1'), state)
    connections.push(way)
    way.onClose = () => connections.splice(connections.indexOf(way), 1)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const cut = () => {
    for (const way of [...connections]) way.cut()
  }
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    connections,
    get delayMs() {
      return state.delayMs
    },
    set delayMs(ms) {
      state.delayMs = ms
    },
    get stalled() {
      return state.stalled
    },
    set stalled(stalled) {
      state.stalled = stalled
      for (const way of connections) way.flow()
    },
    get refuses() {
      return state.refuses
    },
    set refuses(refuses) {
      state.refuses = refuses
    },
    cut,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      cut()
      await closed
    },
  }
}

interface Waiting {
  readonly to: Socket
  readonly chunk: Buffer
  readonly dueAt: number
}

/** One connection, in both directions: what comes is kept in order until it is due. */
class Way implements Connection {
  readonly #sides: readonly [Socket, Socket]
  readonly #state: { readonly delayMs: number; readonly stalled: boolean }
  readonly #queue: Waiting[] = []
  #stalled = false
  onClose = () => {}

  constructor(near: Socket, far: Socket, state: { readonly delayMs: number; readonly stalled: boolean }) {
    this.#sides = [near, far]
    this.#state = state
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.setNoDelay(true)
      from.on('data', (chunk: Buffer) => {
        this.#queue.push({ to, chunk, dueAt: performance.now() + state.delayMs })
        this.flow()
      })
      from.on('error', () => {})
      from.on('close', () => this.cut())
    }
  }

  get stalled(): boolean {
    return this.#stalled
  }

  set stalled(stalled) {
    this.#stalled = stalled
    this.flow()
  }

  get waiting(): number {
    return this.#queue.reduce((sum, { chunk }) => sum + chunk.length, 0)
  }

  /** Passes on what is due. */
  flow(): void {
    while (this.#queue.length > 0 && !this.#stalled && !this.#state.stalled) {
      const { to, chunk, dueAt } = this.#queue[0] as Waiting
      const leftMs = dueAt - performance.now()
      if (leftMs > 0) {
        setTimeout(() => this.flow(), leftMs)
        return
      }
      this.#queue.shift()
      to.write(chunk)
    }
  }

  cut(): void {
    this.#queue.length = 0
    for (const side of this.#sides) if (!side.destroyed) side.resetAndDestroy()
    this.onClose()
    this.onClose = () => {}
  }
}
