/**
 * The stress run: the load, then the burst scenario.
 */
import { quotaFrom } from '../terminal/arguments.js'
import { runBurst } from './burst.js'
import { runLoad } from './load.js'
import type { StressOptions, StressReport } from './report.js'
import type { World } from './world.js'
import { realWorld } from './world.js'

/**
 * Runs it.
 *
 * @param signal ends the run early, with a report of what it saw until then
 */
export async function run(
  options: StressOptions,
  world: World = realWorld,
  signal?: AbortSignal,
): Promise<StressReport> {
  const quota = quotaFrom(options)
  const load = await runLoad(options, quota, world, signal)
  const burst = signal?.aborted ? { passed: true } : await runBurst(quota, world, signal)
  return { options, interrupted: signal?.aborted ?? false, load, burst, passed: load.passed && burst.passed }
}
