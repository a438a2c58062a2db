/**
 * The process of one subject: does the jobs that it is sent, one after the other.
 */
import type { Jobs, Reply, Request } from './protocol.js'
import { measureArrival } from './tasks/arrival.js'
import { measureExactness } from './tasks/exactness.js'
import { measureGivingBack } from './tasks/giving-back.js'
import { measureMany } from './tasks/many-limiters.js'
import { measureFlood, measureMemory } from './tasks/memory.js'
import { measureSliced } from './tasks/sliced-ids.js'
import { measureTail } from './tasks/tail.js'
import { ThroughputTask } from './tasks/throughput.js'

let throughput: ThroughputTask | undefined

async function perform(request: Request): Promise<Jobs[keyof Jobs]['back']> {
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

function send(reply: Reply): void {
  process.send?.(reply)
}

process.on('message', (request: Request) => {
  perform(request).then(
    (back) => send({ back }),
    (error: unknown) => send({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  )
})
// Timers of subjects would keep the process alive after it is no longer needed.
process.on('disconnect', () => process.exit())
