/** Seeded picks of users: the same users, in the same order, for every subject of every run. */
import { seededRandom } from './seeded-random.js'

/** How requests fall on users. */
export type Distribution = 'uniform' | 'zipf'

/** Picks of users, by number: `count` of them out of `users`. */
export function picks(distribution: Distribution, users: number, count: number, seed: number): Uint32Array {
  return distribution === 'uniform' ? uniformPicks(users, count, seed) : zipfPicks(users, count, seed)
}

function uniformPicks(users: number, count: number, seed: number): Uint32Array {
  const next = seededRandom(seed)
  return Uint32Array.from({ length: count }, () => Math.floor(next() * users))
}

function zipfPicks(users: number, count: number, seed: number): Uint32Array {
  const next = seededRandom(seed)
  // Ranks are dealt to users at random, so that the busiest do not lie side by side in anybody's memory.
  const userOfRank = shuffled(users, next)
  const pickRank = zipfRanks(users, next)
  return Uint32Array.from({ length: count }, () => userOfRank[pickRank()]!)
}

/** Picks ranks below `count` by Zipf's law with exponent 1: the rank k, counted from 0, in proportion to 1 / (k + 1). */
export function zipfRanks(count: number, next: () => number): () => number {
  const cumulative = new Float64Array(count)
  let sum = 0
  for (let rank = 0; rank < count; rank++) {
    sum += 1 / (rank + 1)
    cumulative[rank] = sum
  }
  return () => firstAbove(cumulative, next() * sum)
}

/** The numbers below `length` in random order. */
export function shuffled(length: number, next: () => number): Uint32Array {
  const order = Uint32Array.from({ length }, (_, index) => index)
  for (let last = length - 1; last > 0; last--) {
    const other = Math.floor(next() * (last + 1))
    const kept = order[last]!
    order[last] = order[other]!
    order[other] = kept
  }
  return order
}

function firstAbove(sorted: Float64Array, value: number): number {
  let low = 0
  let high = sorted.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! > value) high = middle
    else low = middle + 1
  }
  return low
}
