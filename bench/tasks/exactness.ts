/**
 * Exactness, in the process of one subject, on faked time: how many requests of a user does it admit in the worst
 * second, when the limit is 50 a second and the requests come where windows begin and end?
 */
import { fakeTime } from '../fake-time.js'
import { seededRandom } from '../seeded-random.js'
import { subjectNamed } from '../subjects/index.js'
import { WINDOW_MS } from '../subjects/subject.js'
import { worstWindow } from '../worst-window.js'

export interface ExactnessSetup {
  readonly subject: string
  /** Whether burst tokens are on, where the subject has them. */
  readonly burst: boolean
  readonly seed: number
}

export interface ExactnessResult {
  /** The most admitted within any half-open second, over all traffic. */
  readonly worst: number
  /** The traffic that did it. */
  readonly traffic: string
  /** Admitted out of a request a millisecond for ten seconds, of which the limit permits 500. */
  readonly hammered: number
}

/** Requests by time in milliseconds, of one user. */
interface Traffic {
  readonly name: string
  readonly times: readonly number[]
}

const HAMMER_MS = 10_000
/** Time between users: whole seconds, so that every user finds wall clocks at the same place, and longer than any window. */
const REST_MS = 30_000

export async function measureExactness({ subject: name, burst, seed }: ExactnessSetup): Promise<ExactnessResult> {
  const time = fakeTime()
  const spec = subjectNamed(name)
  const subject = await spec.create({ users: 1000, windowMs: WINDOW_MS, burst })
  const admissions = async ({ times }: Traffic, user: string) => {
    const start = Math.ceil(time.now() / REST_MS + 1) * REST_MS
    const admitted: number[] = []
    for (const at of times) {
      time.moveTo(start + at)
      if (await subject.decide(user)) admitted.push(at)
    }
    return admitted
  }

  let worst = { worst: 0, traffic: '' }
  for (const [index, traffic] of allTraffic(seed).entries()) {
    const count = worstWindow(await admissions(traffic, `user-${index}`), WINDOW_MS)
    if (count > worst.worst) worst = { worst: count, traffic: traffic.name }
  }
  const hammer = { name: 'hammer', times: Array.from({ length: HAMMER_MS }, (_, ms) => ms) }
  const hammered = (await admissions(hammer, 'hammer')).length
  subject.close()
  return { ...worst, hammered }
}

function allTraffic(seed: number): Traffic[] {
  const next = seededRandom(seed)
  const traffic: Traffic[] = [
    // The first request opens a window, the rest come around its end.
    { name: 'around the end of the own window', times: [0, ...spread(990, 10, 6), ...spread(1000, 10, 6)] },
    { name: 'around a whole second', times: [...spread(490, 10, 6), ...spread(1000, 10, 6)] },
    { name: 'before a whole second, and in it', times: [...spread(980, 20, 3), ...spread(1000, 20, 3)] },
    { name: 'all at once, then steadily', times: [...spread(0, 1, 60), ...spread(1, 2500, 1)] },
    { name: 'steadily, double the limit', times: spread(0, 400, 1).map((at) => at * 10) },
  ]
  for (let user = 0; user < 40; user++) {
    const times: number[] = []
    for (let burst = 0; burst < 12; burst++) {
      const at = 500 * burst + Math.floor(40 * next())
      times.push(...spread(at, 1 + Math.floor(20 * next()), 1 + Math.floor(10 * next())))
    }
    traffic.push({ name: 'bursts near half seconds', times: times.sort((a, b) => a - b) })
  }
  return traffic
}

/** `each` requests in every one of `length` milliseconds from `from`. */
function spread(from: number, length: number, each: number): number[] {
  return Array.from({ length: length * each }, (_, index) => from + Math.floor(index / each))
}
