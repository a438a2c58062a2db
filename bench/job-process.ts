/**
 * A process of its own that does jobs, one after the other: `JobProcess` asks for them, `answerJobs` runs in the process.
 */
import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Jobs by name: what is given, and what comes back. */
type JobTable<Jobs> = { [Name in keyof Jobs]: { given: unknown; back: unknown } }

/** What does each job. */
type Workers<Jobs extends JobTable<Jobs>> = {
  readonly [Name in keyof Jobs]: (given: Jobs[Name]['given']) => Jobs[Name]['back'] | Promise<Jobs[Name]['back']>
}

interface Request<Jobs> {
  readonly job: keyof Jobs
  readonly given: never
}

type Reply<Back> = { back: Back } | { error: string }

export class JobProcess<Jobs extends JobTable<Jobs>> {
  readonly #child: ChildProcess

  /** @param module what the process runs: it calls `answerJobs` */
  constructor(module: URL, execArgv: readonly string[] = []) {
    this.#child = fork(fileURLToPath(module), {
      execArgv: [...execArgv],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
  }

  /** Has the process do a job. Rejects if it fails or the process ends. */
  ask<Name extends keyof Jobs>(job: Name, given: Jobs[Name]['given']): Promise<Jobs[Name]['back']> {
    return new Promise((resolve, reject) => {
      let complaints = ''
      const child = this.#child
      const settle = () => {
        child.off('message', onMessage).off('exit', onExit)
        child.stderr?.removeAllListeners('data')
      }
      const onMessage = (reply: Reply<Jobs[Name]['back']>) => {
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

/** In the process: does what is asked. */
export function answerJobs<Jobs extends JobTable<Jobs>>(workers: Workers<Jobs>): void {
  const send = (reply: Reply<unknown>) => process.send?.(reply)
  process.on('message', async ({ job, given }: Request<Jobs>) => {
    try {
      send({ back: await workers[job](given) })
    } catch (error) {
      send({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
  })
  // Timers of subjects would keep the process alive after it is no longer needed.
  process.on('disconnect', () => process.exit())
}
