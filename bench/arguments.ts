/** What the benchmarks' command lines are given: each reads a text, or says what it must be. */
import { InvalidArgumentError } from 'commander'

/** Names separated by commas, of those that there are. */
export function namesOf(known: readonly string[]): (names: string) => ReadonlySet<string> {
  return (names) => {
    const given = names.split(',')
    const unknown = given.find((name) => !known.includes(name))
    if (unknown === undefined) return new Set(given)
    throw new InvalidArgumentError(`There is no ${unknown}; there are ${known.join(', ')}.`)
  }
}

/** A whole number from 1 on. */
export function wholeUpTo(most: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (Number.isInteger(number) && number > 0 && number <= most) return number
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${most.toLocaleString('en')}.`)
  }
}

export function parseSeed(text: string): number {
  const seed = Number(text)
  if (Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32) return seed
  throw new InvalidArgumentError('It must be a whole number below 2^32.')
}
