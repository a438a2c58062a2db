/** The fleet against its bound, and what stands beside it against the oracle. */
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { seededRandom } from '../../bench/seeded-random.js'
import { Oracle } from '../../src/cli/stress/oracle.js'
import type { FleetPlan } from '../src/model/fleet.js'
import { Fleet } from '../src/model/fleet.js'
import { PATTERN_NAMES } from '../src/model/patterns.js'
import { DEFAULTS } from '../src/model/settings.js'
import { Simulation } from '../src/model/simulation.js'
import { bound } from '../src/view/words.js'

const PLAN: FleetPlan = { processes: 4, hopMs: 20, allowance: 0 }

function quotaOf(limit: number, windowMs = 1000) {
  return { limit, windowMs, capacity: 0, refillPerSecond: 0 }
}

/** A fleet that one user has sent to at some times. */
async function sent(limit: number, plan: FleetPlan, times: readonly number[], end: number): Promise<Fleet> {
  const fleet = await Fleet.load(quotaOf(limit), plan, 1, ['A'])
  for (const time of times) fleet.arrive('A', time)
  await fleet.follow(end)
  return fleet
}

const every = (gap: number, end: number) => Array.from({ length: Math.floor(end / gap) }, (_, k) => k * gap)

describe('a fleet', () => {
  it('keeps to its bound, whatever is sent, and those beside it to what they promise', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          limit: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 65, max: 90 })),
          processes: fc.integer({ min: 1, max: 20 }),
          hopMs: fc.integer({ min: 0, max: 400 }),
          allowance: fc.integer({ min: 0, max: 50 }),
          gaps: fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 60 })), { maxLength: 400 }),
        }),
        async ({ limit, gaps, ...plan }) => {
          let time = 0
          const times = gaps.map((gap) => {
            time += gap
            return time
          })
          const fleet = await sent(limit, plan, times, time)
          const { counts, admitted, requests } = fleet.of('A')
          const oracle = new Oracle(quotaOf(limit))
          expect(requests).toBe(times.length)
          expect(admitted.exact).toBe(times.filter((at) => oracle.decide('A', at).allowed).length)
          expect(fleet.bound).toBe(limit + plan.processes * fleet.allowance)
          expect(counts.fleet.worst).toBeLessThanOrEqual(fleet.bound)
          expect(counts.exact.worst).toBeLessThanOrEqual(limit)
          expect(counts.fixed.worst).toBeLessThanOrEqual(2 * limit)
          expect(counts.share.worst).toBeLessThanOrEqual(Math.max(limit, plan.processes))
          fleet.close()
        },
      ),
      { numRuns: 60 },
    )
  })

  it('of one process beside its store is exact', async () => {
    const times = every(7, 6000)
    const fleet = await sent(50, { processes: 1, hopMs: 0, allowance: 50 }, times, 6000)
    const { admitted, counts } = fleet.of('A')
    expect(counts.fleet.worst).toBe(50)
    expect(Math.abs(admitted.fleet - admitted.exact)).toBeLessThanOrEqual(6)
    fleet.close()
  })

  it('passes the limit by what the store does not know yet, and not by more', async () => {
    const near = await sent(50, { processes: 8, hopMs: 0, allowance: 7 }, every(2, 5000), 5000)
    const far = await sent(50, { processes: 8, hopMs: 300, allowance: 7 }, every(2, 5000), 5000)
    expect(far.of('A').counts.fleet.worst).toBeGreaterThan(near.of('A').counts.fleet.worst)
    expect(far.of('A').counts.fleet.worst).toBeGreaterThan(50)
    expect(far.of('A').counts.fleet.worst).toBeLessThanOrEqual(106)
    expect(near.asked).toBeGreaterThan(8)
    expect([near.alone, far.alone]).toEqual([0, 0])
    near.close()
    far.close()
  })

  it('keeps to its bound, and admits most of the limit, where a cell of the store stands for many places', async () => {
    const fleet = await sent(300, { processes: 5, hopMs: 10, allowance: 20 }, every(0.5, 6000).map(Math.floor), 6000)
    const { counts, admitted } = fleet.of('A')
    expect(counts.fleet.worst).toBeGreaterThan(300)
    expect(counts.fleet.worst).toBeLessThanOrEqual(400)
    expect(admitted.fleet).toBeGreaterThan(0.95 * admitted.exact)
    fleet.close()
  })

  it('lets a process that has its share decide as an oracle with that limit', async () => {
    const times = every(3, 4000)
    const fleet = await sent(50, PLAN, times, 4000)
    const random = seededRandom(0x5eed + 1)
    const oracles = Array.from({ length: 4 }, () => new Oracle(quotaOf(12)))
    const admitted = times.filter((at) => oracles[Math.floor(random() * 4)]!.decide('A', at).allowed)
    expect(fleet.share).toBe(12)
    expect(fleet.of('A').admitted.share).toBe(admitted.length)
    fleet.close()
  })

  it('is the same however time is cut into steps', async () => {
    const scenario = { ...DEFAULTS, patterns: ['hammer', 'above', 'edge', 'bursts'] as const, hopMs: 33 }
    const [whole, cut] = await Promise.all([Simulation.load(scenario), Simulation.load(scenario)])
    await whole.advance(5000)
    for (let ms = 0; ms < 5000; ms += 8) await cut.advance(8)
    for (const { id } of whole.users) {
      expect(cut.fleet.of(id).samples.since(0)).toEqual(whole.fleet.of(id).samples.since(0))
      expect(cut.fleet.of(id).admitted).toEqual(whole.fleet.of(id).admitted)
    }
    expect(cut.fleet.asked).toBe(whole.fleet.asked)
    whole.close()
    cut.close()
  })

  it('keeps to its bound though the page stood still for longer than a process waits for an answer', async () => {
    vi.useFakeTimers()
    try {
      const fleet = await Fleet.load(quotaOf(20), { ...PLAN, hopMs: 200 }, 1, ['A', 'B', 'C', 'D'])
      for (const id of ['A', 'B', 'C', 'D']) for (let k = 0; k < 30; k++) fleet.arrive(id, 100)
      await fleet.follow(150)
      await vi.advanceTimersByTimeAsync(120_000)
      expect(fleet.alone).toBeGreaterThan(0)
      for (let time = 150; time < 8000; time += 10) {
        for (const id of ['A', 'B', 'C', 'D']) for (let k = 0; k < 2; k++) fleet.arrive(id, time)
        await fleet.follow(time)
        await vi.advanceTimersByTimeAsync(10)
      }
      expect(fleet.alone).toBe(0)
      for (const id of ['A', 'B', 'C', 'D']) expect(fleet.of(id).counts.fleet.worst).toBeLessThanOrEqual(fleet.bound)
      fleet.close()
    } finally {
      vi.useRealTimers()
    }
  })

  it('sees the same requests as the page', async () => {
    for (const pattern of PATTERN_NAMES) {
      const simulation = await Simulation.load({ ...DEFAULTS, patterns: [pattern], capacity: 0 })
      await simulation.advance(6000)
      const { tally, counts } = simulation.users[0]!
      const part = simulation.fleet.of('A')
      expect(part.requests).toBe(tally.base + tally.denied)
      expect(part.admitted).toMatchObject({ exact: tally.base, fixed: tally.fixed })
      expect(part.counts.fixed.worst).toBe(counts.fixed.worst)
      simulation.close()
    }
  })

  it('says its bound', async () => {
    const fleet = await Fleet.load(quotaOf(50), PLAN, 1, ['A'])
    expect(bound(fleet, 50)).toBe('50 + 4 processes × 13 allowance = 102 at most in any window')
    fleet.close()
  })
})
