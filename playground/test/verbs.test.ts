/** What can be done beside sending, and a limit that all users share, against the oracle. */
import { describe, expect, it } from 'vitest'
import { decideTogether, Oracle } from '../../src/cli/stress/oracle.js'
import { BASE, BLOCKED, BURST, DENIED, SHARED } from '../src/model/gate.js'
import type { PatternName } from '../src/model/patterns.js'
import { DEFAULTS } from '../src/model/settings.js'
import type { Scenario } from '../src/model/simulation.js'
import { Simulation } from '../src/model/simulation.js'

function load(patterns: readonly PatternName[], changes: Partial<Scenario> = {}): Promise<Simulation> {
  return Simulation.load({ ...DEFAULTS, patterns, ...changes })
}

async function sendByHand(simulation: Simulation, times: number, limit?: number): Promise<void> {
  for (let k = 0; k < times; k++) {
    const sent = simulation.hold(0, limit)
    simulation.release()
    await sent
  }
}

const outcomes = (simulation: Simulation) => [...simulation.users[0]!.requests.since(0).outcome]

describe('a limit of the request', () => {
  it('judges what is sent by hand', async () => {
    const simulation = await load([], { capacity: 0 })
    await sendByHand(simulation, 12, 10)
    expect(outcomes(simulation)).toEqual([...Array(10).fill(BASE), DENIED, DENIED])
    await sendByHand(simulation, 1)
    expect(simulation.standing(0).fill).toBe(11)
    simulation.close()
  })

  it('of 0 leaves tokens alone to decide', async () => {
    const simulation = await load([])
    await simulation.advance(2000)
    await sendByHand(simulation, 3, 0)
    expect(outcomes(simulation)).toEqual([BURST, BURST, DENIED])
    simulation.close()
  })
})

describe('a refund', () => {
  it('gives places and tokens back, the newest first, as the oracle does', async () => {
    const simulation = await load([])
    const oracle = new Oracle(DEFAULTS)
    await simulation.advance(2000)
    await sendByHand(simulation, 53)
    for (let k = 0; k < 53; k++) oracle.decide('A', 2000)
    expect(outcomes(simulation).slice(-3)).toEqual([BURST, BURST, DENIED])
    await simulation.advance(100)
    for (const fromBurst of [1, 1, 0, 0]) {
      expect(simulation.refund(0)).toBe(true)
      oracle.refund('A', 2100, 1, fromBurst)
      const { fill, tokens } = simulation.standing(0)
      expect(fill).toBe(oracle.taken('A', 2100))
      expect(tokens).toBeCloseTo(oracle.thousandths('A', 2100) / 1000)
    }
    const { counts, tally } = simulation.users[0]!
    expect([counts.base.at(2100), counts.spillway.at(2100), tally.refunded]).toEqual([48, 48, 4])
    await sendByHand(simulation, 2)
    expect(counts.base.worst).toBe(50)
    simulation.close()
  })

  it('is of nothing that has left the window', async () => {
    const simulation = await load([], { capacity: 0 })
    expect(simulation.refund(0)).toBe(false)
    await sendByHand(simulation, 1)
    await simulation.advance(1000)
    expect(simulation.refund(0)).toBe(false)
    simulation.close()
  })
})

describe('a block', () => {
  it('denies everything until it ends, as the oracle does', async () => {
    const simulation = await load(['steady'], { capacity: 5 })
    await simulation.advance(500)
    simulation.block(0, 2000)
    expect(simulation.standing(0).blockedMs).toBe(2000)
    await simulation.advance(4000)
    const oracle = new Oracle({ ...DEFAULTS, capacity: 5 })
    const { time, outcome } = simulation.users[0]!.requests.since(0)
    let isBlocked = false
    const expected = [...time].map((at) => {
      if (at > 500 && !isBlocked) {
        isBlocked = true
        oracle.block('A', 500, 2000)
      }
      if (oracle.blockedUntil('A') > at) {
        oracle.decide('A', at)
        return BLOCKED
      }
      const { base, burst } = oracle.decide('A', at)
      return base ? BASE : burst ? BURST : DENIED
    })
    expect([...outcome]).toEqual(expected)
    expect(simulation.users[0]!.tally.blocked).toBe(79)
    expect(simulation.users[0]!.blocks).toEqual([{ from: 500, to: 2500 }])
    simulation.close()
  })

  it('ends early', async () => {
    const simulation = await load([])
    simulation.block(0, 5000)
    await simulation.advance(300)
    simulation.unblock(0)
    await sendByHand(simulation, 1)
    expect(outcomes(simulation)).toEqual([BASE])
    expect(simulation.users[0]!.blocks).toEqual([{ from: 0, to: 300 }])
    simulation.close()
  })
})

describe('a limit of all users together', () => {
  it('decides with that of each user as two oracles do', async () => {
    const patterns: PatternName[] = ['hammer', 'above', 'bursts', 'edge']
    const simulation = await load(patterns, { sharedLimit: 60, refillPerSecond: 3 })
    await simulation.advance(8000)
    const own = new Oracle({ ...DEFAULTS, refillPerSecond: 3 })
    const all = new Oracle({ limit: 60, windowMs: 1000, capacity: 0, refillPerSecond: 0 })
    const sent = simulation.users.flatMap(({ id, requests }, index) => {
      const { time, outcome } = requests.since(0)
      return [...time].map((at, k) => ({ id, index, at, outcome: outcome[k] }))
    })
    sent.sort((one, other) => one.at - other.at || one.index - other.index)
    let shared = 0
    let worst = 0
    const admitted: number[] = []
    for (const { id, at, outcome } of sent) {
      const tokens = own.free(id, at) === 0
      const [byOwn, byAll] = decideTogether([
        { oracle: own, id, time: at, cost: 1, limit: DEFAULTS.limit },
        { oracle: all, id: 'everyone', time: at, cost: 1, limit: 60 },
      ])
      const expected = byOwn && byAll ? (tokens ? BURST : BASE) : byOwn ? SHARED : DENIED
      expect(outcome).toBe(expected)
      if (expected === SHARED) shared++
      if (byOwn && byAll) admitted.push(at)
      worst = Math.max(worst, admitted.filter((time) => time > at - 1000).length)
    }
    expect(shared).toBeGreaterThan(100)
    expect(worst).toBe(60)
    expect(simulation.shared).toEqual({ limit: 60, fill: all.taken('everyone', 8000) })
    simulation.close()
  })
})
