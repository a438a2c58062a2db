/**
 * The process of one subject: does the jobs that it is sent, one after the other.
 */
import { answerJobs } from './job-process.js'
import type { Jobs } from './protocol.js'
import { measureArrival } from './tasks/arrival.js'
import { measureExactness } from './tasks/exactness.js'
import { measureGivingBack } from './tasks/giving-back.js'
import { measureMany } from './tasks/many-limiters.js'
import { measureFlood, measureMemory } from './tasks/memory.js'
import { measureSliced } from './tasks/sliced-ids.js'
import { measureTail } from './tasks/tail.js'
import { ThroughputTask } from './tasks/throughput.js'

let throughput: ThroughputTask | undefined

answerJobs<Jobs>({
  async prepareThroughput(setup) {
    throughput = await ThroughputTask.prepare(setup)
    return null
  },
  throughputRound() {
    if (!throughput) throw new Error('A round was asked for before the subject was prepared')
    return throughput.round()
  },
  exactness: measureExactness,
  tail: measureTail,
  memory: measureMemory,
  flood: measureFlood,
  many: measureMany,
  sliced: measureSliced,
  arrival: measureArrival,
  givingBack: measureGivingBack,
})
