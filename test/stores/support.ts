/** What the tests of all stores have in common. */
import { expect, vi } from 'vitest'

/** Asks a server so many times, one after the other. */
type Statuses = (times: number, headers?: Record<string, string>, path?: string) => Promise<number[]>

/** Gives what asks a server many times, from what asks it once and gives the status. */
export function statusesOf(ask: (headers?: Record<string, string>, path?: string) => Promise<number>): Statuses {
  return async (times, headers, path) => {
    const all: number[] = []
    for (let i = 0; i < times; i++) all.push(await ask(headers, path))
    return all
  }
}

/**
 * Expects of two servers with a limit of 5 a second, on faked time, that ours holds it across the edge of a window, where the
 * host's own store lets twice as many pass.
 */
export async function expectExactAcrossEdge(ours: Statuses, theirs: Statuses): Promise<void> {
  const admitted = async (statuses: Statuses) => (await statuses(6)).filter((status) => status === 200).length
  // One request opens their window; the others come just before it ends, and just after.
  expect([await ours(1), await theirs(1)]).toEqual([[200], [200]])
  vi.advanceTimersByTime(990)
  expect([await admitted(ours), await admitted(theirs)]).toEqual([4, 4])
  vi.advanceTimersByTime(20)
  expect([await admitted(ours), await admitted(theirs)]).toEqual([1, 5])
}
