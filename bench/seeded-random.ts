/** Seeded randomness for benchmarks, playground and the trace of the conformance suite: mulberry32, small and the same everywhere. */
export type Random = () => number

/** Gives numbers from 0 up to, not including, 1: the same ones for the same seed. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

/** Gives whole numbers from 0 up to, not including, `below`: the same ones for the same seed. */
export function seededWhole(seed: number): (below: number) => number {
  const random = seededRandom(seed)
  return (below) => Math.floor(random() * below)
}
