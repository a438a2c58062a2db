/** What limiters cost before they are used, and while memory is taken and given back: of Spillway and a Map. */
import type { JobName, Jobs } from '../protocol.js'
import type { Failure, LoadingResults, Measured } from '../results.js'
import { runAlone } from '../subject-process.js'
import type { Plan } from './plan.js'
import { attempt } from './plan.js'

/** The limiter, and what one would write by hand. */
const MEASURED = ['spillway', 'map-fixed']

interface Effort {
  readonly limiters: number
  readonly mostLimiters: number
  readonly ids: number
  readonly users: number
  readonly rounds: number
}

const QUICK: Effort = { limiters: 100, mostLimiters: 500, ids: 4000, users: 200_000, rounds: 1 }
const WHOLE: Effort = { limiters: 1000, mostLimiters: 10_000, ids: 40_000, users: 1_000_000, rounds: 3 }

const TEXT_BYTES = 64_000
/** Times callbacks of timers. It has to be loaded before the limiters are. */
const TIMER_WATCH = new URL('../timer-watch.js', import.meta.url)

type SetupOf<Name extends JobName> = Jobs[Name]['given'] & { readonly subject: string }

export async function runLoading(plan: Plan): Promise<LoadingResults> {
  const failures: Failure[] = []
  const { limiters, mostLimiters, ids, users, rounds } = plan.mode === 'quick' ? QUICK : WHOLE
  const subjects = plan.subjects.map(({ name }) => name).filter((name) => MEASURED.includes(name))

  /** Does a job in processes of its own, once a round. */
  async function measure<Name extends JobName>(
    job: Name,
    what: string,
    setup: SetupOf<Name>,
    times = rounds,
  ): Promise<Measured<SetupOf<Name>, Jobs[Name]['back']>> {
    const measured: Jobs[Name]['back'][] = []
    for (let round = 0; round < times; round++) {
      plan.progress.show(`loading, ${what}: ${setup.subject}, round ${round + 1} of ${times}`)
      const work = () => runAlone(job, setup, users, TIMER_WATCH)
      const result = await attempt(failures, setup.subject, `loading, ${what}`, work)
      if (result === undefined) break
      measured.push(result)
    }
    return { setup, rounds: measured }
  }

  const many: LoadingResults['many'][number][] = []
  const sliced: LoadingResults['sliced'][number][] = []
  const arrivals: LoadingResults['arrivals'][number][] = []
  const givingBack: LoadingResults['givingBack'][number][] = []
  for (const subject of subjects) {
    many.push(await measure('many', `${limiters} limiters`, { subject, limiters }))
    many.push(await measure('many', `${mostLimiters} limiters`, { subject, limiters: mostLimiters }, 1))
    sliced.push(
      await measure('sliced', 'ids cut out of texts', { subject, ids, textBytes: TEXT_BYTES, seed: plan.seed }),
    )
    for (const yields of [true, false]) {
      const what = `${users} users ${yields ? 'with' : 'without'} turns`
      arrivals.push(await measure('arrival', what, { subject, users, yields }))
    }
    givingBack.push(await measure('givingBack', `giving back ${users} users`, { subject, users }))
  }
  return { ...plan.header, failures, many, sliced, arrivals, givingBack }
}
