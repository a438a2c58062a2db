/**
 * A subject in a process of its own, so that neither code nor garbage of one subject is another's burden.
 */
import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { JobName, Jobs, Reply } from './protocol.js'

const CHILD = fileURLToPath(new URL('./child.js', import.meta.url))
/** Heap in megabytes for ten million users: some subjects could not keep them in the default one. */
const LARGE_HEAP_MB = 8192
const LARGE_POPULATION = 2_000_000

export class SubjectProcess {
  readonly #child: ChildProcess

  /**
   * @param users how many it will have to keep
   * @param preloaded a module that runs before all others
   */
  constructor(users: number, preloaded?: URL) {
    const execArgv = ['--expose-gc']
    if (preloaded) execArgv.push('--import', preloaded.href)
    if (users > LARGE_POPULATION) execArgv.push(`--max-old-space-size=${LARGE_HEAP_MB}`)
    this.#child = fork(CHILD, { execArgv, serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  }

  /** Has the process do a job. Rejects if it fails or the process ends. */
  ask<Name extends JobName>(job: Name, given: Jobs[Name]['given']): Promise<Jobs[Name]['back']> {
    return new Promise((resolve, reject) => {
      let complaints = ''
      const child = this.#child
      const settle = () => {
        child.off('message', onMessage).off('exit', onExit)
        child.stderr?.removeAllListeners('data')
      }
      const onMessage = (reply: Reply) => {
        settle()
        if ('error' in reply) reject(new Error(reply.error))
        else resolve(reply.back)
      }
      const onExit = (code: number | null, signal: string | null) => {
        settle()
        reject(new Error(`The process ended with ${signal ?? code}: ${complaints.slice(0, 500)}`))
      }
      child.on('message', onMessage).on('exit', onExit)
      child.stderr?.on('data', (text: Buffer) => {
        complaints += text
      })
      child.send({ job, given })
    })
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGKILL')
    await ended
  }
}

/** Does one job in a new process. */
export async function runAlone<Name extends JobName>(
  job: Name,
  given: Jobs[Name]['given'],
  users: number,
  preloaded?: URL,
): Promise<Jobs[Name]['back']> {
  const child = new SubjectProcess(users, preloaded)
  try {
    return await child.ask(job, given)
  } finally {
    await child.end()
  }
}
