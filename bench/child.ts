/**
 * The process of one subject: does the jobs that it is sent, one after the other.
 */
import type { JobRequest } from './job-process.js'
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

async function perform(request: JobRequest<Jobs>): Promise<Jobs[keyof Jobs]['back']> {
  switch (request.job) {
    case 'prepareThroughput':
      throughput = await ThroughputTask.prepare(request.given)
      return null
    case 'throughputRound':
      if (!throughput) throw new Error('A round was asked for before the subject was prepared')
      return throughput.round()
    case 'exactness':
      return measureExactness(request.given)
    case 'tail':
      return measureTail(request.given)
    case 'memory':
      return measureMemory(request.given)
    case 'flood':
      return measureFlood(request.given)
    case 'many':
      return measureMany(request.given)
    case 'sliced':
      return measureSliced(request.given)
    case 'arrival':
      return measureArrival(request.given)
    case 'givingBack':
      return measureGivingBack(request.given)
  }
}

answerJobs<Jobs>(perform)
