/**
 * A subject in a process of its own, so that neither code nor garbage of one subject is another's burden.
 */
import { JobProcess } from './job-process.js'
import type { JobName, Jobs } from './protocol.js'

const CHILD = new URL('./child.js', import.meta.url)
/** Heap in megabytes for ten million users: some subjects could not keep them in the default one. */
const LARGE_HEAP_MB = 8192
const LARGE_POPULATION = 2_000_000

export class SubjectProcess extends JobProcess<Jobs> {
  /**
   * @param users how many it will have to keep
   * @param preloaded a module that runs before all others
   */
  constructor(users: number, preloaded?: URL) {
    const execArgv = ['--expose-gc']
    if (preloaded) execArgv.push('--import', preloaded.href)
    if (users > LARGE_POPULATION) execArgv.push(`--max-old-space-size=${LARGE_HEAP_MB}`)
    super(CHILD, execArgv)
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
