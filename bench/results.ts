/**
 * What a run leaves behind: one file a suite, each with the machine and the versions that it was measured on.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import type { SimulationCell, SimulationPlan } from './fleet/simulation.js'
import type { FleetCell, FleetPlan } from './fleet/suite.js'
import type { HttpCell, HttpPlan } from './http/suite.js'
import type { Distribution } from './picks.js'
import type { QueueSubjectName, TrafficName, WaitingResult } from './queue/protocol.js'
import { SUBJECTS } from './subjects/index.js'
import type { ArrivalResult, ArrivalSetup } from './tasks/arrival.js'
import type { ExactnessResult, ExactnessSetup } from './tasks/exactness.js'
import type { GivingBackResult, GivingBackSetup } from './tasks/giving-back.js'
import type { ManyResult, ManySetup } from './tasks/many-limiters.js'
import type { FloodResult, FloodSetup, MemoryResult, MemorySetup } from './tasks/memory.js'
import type { SlicedResult, SlicedSetup } from './tasks/sliced-ids.js'
import type { TailResult } from './tasks/tail.js'
import type { CellRound, ThroughputSetup } from './tasks/throughput.js'

/** What is measured: `quick` for a look, `large` for ten million users. */
export type Mode = 'quick' | 'default' | 'large'

export interface Header {
  readonly startedAt: string
  readonly mode: Mode
  readonly seed: number
  readonly machine: Machine
  readonly versions: Readonly<Record<string, string>>
}

interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly os: string
}

/** A subject that could not be measured, and why. */
export interface Failure {
  readonly subject: string
  readonly what: string
  readonly error: string
}

interface Part extends Header {
  readonly failures: readonly Failure[]
}

export interface ThroughputCell extends Pick<ThroughputSetup, 'users' | 'idKind' | 'ids' | 'clock' | 'subject'> {
  readonly distribution: Distribution
  readonly rounds: readonly CellRound[]
}

export interface ThroughputResults extends Part {
  readonly cells: readonly ThroughputCell[]
}

export interface ExactnessResults extends Part {
  readonly subjects: readonly (ExactnessResult & Pick<ExactnessSetup, 'subject' | 'burst'>)[]
}

export interface TailResults extends Part {
  readonly users: number
  readonly rounds: number
  /** Histograms of all rounds together. */
  readonly subjects: readonly (TailResult & { readonly subject: string })[]
}

export interface MemoryResults extends Part {
  readonly users: number
  readonly runs: readonly { readonly setup: MemorySetup; readonly result: MemoryResult }[]
  readonly floods: readonly { readonly setup: FloodSetup; readonly result: FloodResult }[]
}

/** What was measured of one setup: a result a round. */
export interface Measured<Setup, Result> {
  readonly setup: Setup
  readonly rounds: readonly Result[]
}

export interface LoadingResults extends Part {
  readonly many: readonly Measured<ManySetup, ManyResult>[]
  readonly sliced: readonly Measured<SlicedSetup, SlicedResult>[]
  readonly arrivals: readonly Measured<ArrivalSetup, ArrivalResult>[]
  readonly givingBack: readonly Measured<GivingBackSetup, GivingBackResult>[]
}

export interface HttpResults extends Part {
  readonly plan: HttpPlan
  readonly cells: readonly HttpCell[]
}

export interface QueueCell {
  readonly subject: QueueSubjectName
  /** A round each. */
  readonly idleNs: readonly number[]
  readonly most: { readonly [Name in TrafficName]?: number }
  readonly waiting: WaitingResult | undefined
}

export interface QueueResults extends Part {
  /** How many waited at once. */
  readonly waiting: number
  readonly cells: readonly QueueCell[]
}

export interface FleetResults extends Part {
  readonly plan: FleetPlan
  readonly cells: readonly FleetCell[]
}

export interface SimulationResults extends Part {
  readonly plan: SimulationPlan
  readonly cells: readonly SimulationCell[]
}

/** Results by suite, of those that were run. */
export interface Results {
  throughput?: ThroughputResults
  exactness?: ExactnessResults
  tail?: TailResults
  memory?: MemoryResults
  loading?: LoadingResults
  /** Those of `npm run bench:http`. */
  http?: HttpResults
  /** Those of `npm run bench:queue`. */
  queue?: QueueResults
  /** Those of `npm run bench:fleet`. */
  fleet?: FleetResults
  /** Those of `npm run bench:fleet -- --simulate`. */
  simulation?: SimulationResults
  /** Those of a large population, which come from a run of their own. */
  large?: Results
}

export const SUITE_NAMES = ['throughput', 'exactness', 'tail', 'memory', 'loading'] as const satisfies readonly Exclude<
  keyof Results,
  'large' | 'http' | 'queue' | 'fleet' | 'simulation'
>[]
/** The suites of `npm run bench`. */
export type SuiteName = (typeof SUITE_NAMES)[number]

/** All that leaves results. */
export const RESULT_NAMES = [...SUITE_NAMES, 'http', 'queue', 'fleet', 'simulation'] as const
export type ResultName = (typeof RESULT_NAMES)[number]

/** The root of the project, seen from where the benchmarks are compiled to. */
export const ROOT = new URL('../../', import.meta.url)

/** Where results go: of a whole run, of one with a large population, and of a partial one. */
export const FOLDERS = {
  whole: new URL('bench/results/', ROOT),
  large: new URL('bench/results/large/', ROOT),
  trial: new URL('bench/results/trial/', ROOT),
}

/** @param packages whose versions matter */
export function header(mode: Mode, seed: number, packages = SUBJECTS.flatMap((subject) => subject.packages)): Header {
  return {
    startedAt: new Date().toISOString(),
    mode,
    seed,
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memoryGb: Math.round(totalmem() / 2 ** 30),
      os: `${type()} ${release()}`,
    },
    versions: versions(packages),
  }
}

export function saveResults(folder: URL, name: ResultName, results: Results[ResultName]): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify(results)}\n`)
}

/** The results that are in a folder; suites that were not run are left out. */
export function loadResults(folder: URL): Results {
  const results: Record<string, unknown> = {}
  for (const name of RESULT_NAMES) {
    try {
      results[name] = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return results
}

function versions(packages: readonly string[]): Record<string, string> {
  const found: Record<string, string> = { node: process.versions.node, v8: process.versions.v8 }
  for (const name of packages) {
    const path = name === 'spillway' ? 'package.json' : `node_modules/${name}/package.json`
    const { version } = JSON.parse(readFileSync(new URL(path, ROOT), 'utf8')) as { version: string }
    found[name] = version
  }
  return found
}
