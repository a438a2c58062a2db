/**
 * What the process that runs the benchmarks and the processes of the subjects say to each other.
 */
import type { ArrivalResult, ArrivalSetup } from './tasks/arrival.js'
import type { ExactnessResult, ExactnessSetup } from './tasks/exactness.js'
import type { GivingBackResult, GivingBackSetup } from './tasks/giving-back.js'
import type { ManyResult, ManySetup } from './tasks/many-limiters.js'
import type { FloodResult, FloodSetup, MemoryResult, MemorySetup } from './tasks/memory.js'
import type { SlicedResult, SlicedSetup } from './tasks/sliced-ids.js'
import type { TailResult, TailSetup } from './tasks/tail.js'
import type { CellRound, ThroughputSetup } from './tasks/throughput.js'

/** Jobs by name: what is given, and what comes back. */
export interface Jobs {
  prepareThroughput: { given: ThroughputSetup; back: null }
  throughputRound: { given: null; back: CellRound[] }
  exactness: { given: ExactnessSetup; back: ExactnessResult }
  tail: { given: TailSetup; back: TailResult }
  memory: { given: MemorySetup; back: MemoryResult }
  flood: { given: FloodSetup; back: FloodResult }
  many: { given: ManySetup; back: ManyResult }
  sliced: { given: SlicedSetup; back: SlicedResult }
  arrival: { given: ArrivalSetup; back: ArrivalResult }
  givingBack: { given: GivingBackSetup; back: GivingBackResult }
}

export type JobName = keyof Jobs
