/**
 * The command line of what tests the packed package: `--only NAMES`, `--tarball FILE`, `--help`, and options of its own. It prints how
 * many passed, failed and were skipped, and ends with exit code 1 if any failed.
 */
import { parseArgs } from 'node:util'

/** Whether what is not installed fails, as it does in CI, instead of being skipped. */
export const isStrict = process.env.CI === 'true'

/** @typedef {'passed' | 'failed' | 'skipped'} Outcome */

/**
 * @param {object} command
 * @param {string} command.does what `--help` says first
 * @param {string[]} command.names what `--only` chooses from
 * @param {(name: string, wanted: string) => boolean} [command.isMeant] whether a word of `--only` means a name: the same one, unless told
 * @param {import('node:util').ParseArgsOptionsConfig} [command.options] of its own
 * @param {string} [command.help] what they are
 * @param {(names: string[], options: Record<string, string | undefined>) => Promise<Outcome[]>} run
 */
export async function command({ does, names, isMeant, options: own = {}, help = '' }, run) {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, tarball: { type: 'string' }, help: { type: 'boolean' }, ...own },
  })
  if (values.help) {
    console.log(`${does}

  --only NAMES    of ${names.join(', ')}; separated by commas
${help}  --tarball FILE  uses a package that is packed already
  --help          prints this

What is not installed is skipped, but fails where CI=true.`)
    return
  }
  const outcomes = await run(chosen(values.only, names, isMeant), values)
  const count = (outcome) => outcomes.filter((one) => one === outcome).length
  const [failed, skipped] = [count('failed'), count('skipped')]
  console.log(`${count('passed')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  process.exitCode = failed > 0 ? 1 : 0
}

/**
 * One after the other, since each may want the machine for itself.
 *
 * @template Item, Result
 * @param {Item[]} items
 * @param {(item: Item) => Promise<Result>} act
 */
export async function inTurn(items, act) {
  const results = []
  for (const item of items) results.push(await act(item))
  return results
}

/** The names that `--only` means: all of them where it is not given. */
function chosen(only, names, isMeant = (name, wanted) => name === wanted) {
  const wanted = only?.split(',') ?? names
  const unknown = wanted.find((word) => !names.some((name) => isMeant(name, word)))
  if (unknown !== undefined) throw new RangeError(`--only: there is no ${unknown}; there are ${names.join(', ')}`)
  return names.filter((name) => wanted.some((word) => isMeant(name, word)))
}
