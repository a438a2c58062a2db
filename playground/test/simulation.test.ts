/** The simulation against the oracle, and the measures that the page shows. */
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../bench/seeded-random.js'
import { Oracle } from '../../src/cli/stress/oracle.js'
import { BASE, BURST, DENIED } from '../src/model/gate.js'
import type { PatternName } from '../src/model/patterns.js'
import { PATTERN_NAMES, PATTERNS } from '../src/model/patterns.js'
import { DEFAULTS } from '../src/model/settings.js'
import type { Scenario } from '../src/model/simulation.js'
import { Simulation } from '../src/model/simulation.js'
import { STARTED } from '../src/model/waiting-line.js'
import { judgeWaiting } from './judge.js'

function scenario(patterns: readonly PatternName[], quota: Partial<Scenario> = {}): Scenario {
  return { ...DEFAULTS, patterns, ...quota }
}

describe('the simulation', () => {
  it.each(PATTERN_NAMES)('decides as the oracle does: %s', async (pattern) => {
    const quota = scenario(['steady', pattern], { refillPerSecond: 2 })
    const simulation = await Simulation.load(quota)
    simulation.advance(12_000)
    const oracle = new Oracle(quota)
    const { time, outcome } = simulation.users[1]!.requests.since(0)
    const expected = Array.from(time, (at) => {
      const { base, burst } = oracle.decide('B', at)
      return base ? BASE : burst ? BURST : DENIED
    })
    expect([...outcome]).toEqual(expected)
    if (pattern !== 'none') expect(expected.length).toBeGreaterThan(200)
  })

  it.each(PATTERN_NAMES)('lets a queue start what a plain model of waiting does: %s', async (pattern) => {
    const quota = scenario([pattern, 'bursts'], { refillPerSecond: 2 })
    const simulation = await Simulation.load(quota)
    await simulation.advance(12_000)
    const { id, requests } = simulation.users[0]!
    const waits = simulation.line.of(id)
    const { starts, refused, waiting } = judgeWaiting(quota, [...requests.since(0).time], 12_000)
    const { time, outcome } = waits.events.since(0)
    expect([...time].filter((_, k) => outcome[k] === STARTED)).toEqual(starts.map((start) => start.time))
    expect([waits.started, waits.refused, simulation.line.waiting(id)]).toEqual([starts.length, refused, waiting])
    expect(waits.longestMs).toBe(Math.max(0, ...starts.map((start) => start.time - start.came)))
    expect(waits.counts.base.worst).toBeLessThanOrEqual(quota.limit)
    if (pattern === 'hammer') expect(refused).toBeGreaterThan(1000)
  })

  it('is the same however time is cut into steps', async () => {
    const patterns: PatternName[] = ['bursts', 'hammer', 'edge', 'above']
    const [whole, cut] = await Promise.all([Simulation.load(scenario(patterns)), Simulation.load(scenario(patterns))])
    await whole.advance(7000)
    for (let ms = 0; ms < 7000; ms += 7) await cut.advance(7)
    for (const [index, user] of whole.users.entries()) {
      expect(cut.users[index]!.requests.since(0)).toEqual(user.requests.since(0))
      expect(cut.users[index]!.samples.since(0)).toEqual(user.samples.since(0))
      expect(cut.line.of(user.id).events.since(0)).toEqual(whole.line.of(user.id).events.since(0))
    }
  })

  it('shows what a fixed window and a bucket let through', async () => {
    const simulation = await Simulation.load(scenario(['edge', 'hammer'], { capacity: 0 }))
    simulation.advance(10_000)
    const [edge, hammer] = simulation.users.map(({ counts }) => counts)
    expect(edge!.fixed.worst).toBe(100)
    expect(hammer!.bucket.worst).toBeGreaterThanOrEqual(98)
    expect(edge!.spillway.worst).toBe(50)
    expect(hammer!.spillway.worst).toBe(50)
  })

  it('never admits more than the limit on the base quota, whatever is sent', async () => {
    const simulation = await Simulation.load(scenario(['bursts', 'hammer', 'edge', 'above']))
    simulation.hold(3)
    simulation.advance(20_000)
    for (const { counts, tally } of simulation.users) {
      expect(counts.base.worst).toBe(50)
      expect(tally.denied).toBeGreaterThan(0)
    }
    expect(simulation.users[0]!.counts.spillway.worst).toBeGreaterThan(50)
  })

  it('sends by hand at once, and until released', async () => {
    const simulation = await Simulation.load(scenario([]))
    simulation.advance(100)
    simulation.hold(2)
    expect(simulation.users[2]!.tally.base).toBe(1)
    simulation.advance(95)
    expect(simulation.users[2]!.tally.base).toBe(10)
    simulation.release()
    simulation.advance(994)
    expect(simulation.users[2]!.tally.base).toBe(10)
    expect(simulation.standing(2)).toEqual({ fill: 1, tokens: expect.closeTo(0.1 + 0.999), blockedMs: 0 })
  })

  it('changes a pattern on the way', async () => {
    const simulation = await Simulation.load(scenario(['none']))
    simulation.advance(500)
    simulation.follow(0, 'steady')
    simulation.advance(1000)
    expect(simulation.users[0]!.tally.base).toBe(40)
  })

  it('keeps a bounded number of requests and samples', async () => {
    const simulation = await Simulation.load(scenario(['hammer'], { limit: 200, windowMs: 100 }))
    simulation.advance(10_000)
    const { requests, samples, tally } = simulation.users[0]!
    expect(tally.base + tally.burst + tally.denied).toBeGreaterThan(70_000)
    expect(requests.length).toBeLessThanOrEqual(2 * 16_384)
    expect(samples.length).toBeLessThanOrEqual(2 * 6 * 201)
  })

  it('keeps what the charts show at the highest limit and the longest window', async () => {
    const windowMs = 3_600_000
    const simulation = await Simulation.load(scenario(['hammer'], { limit: 10_000, windowMs, capacity: 10_000 }))
    await simulation.advance(4 * windowMs)
    const { requests, tally, counts } = simulation.users[0]!
    expect(tally.base + tally.burst + tally.denied).toBeGreaterThan(150_000)
    expect(counts.base.worst).toBe(10_000)
    expect(requests.length).toBeLessThanOrEqual(2 * 16_384)
    // One of each kind for each short part of a window, from the first window on.
    const { time, outcome } = requests.since(0)
    expect(time[0]).toBeLessThan(1000)
    const kinds = [...outcome].filter((_, k) => time[k]! > 3 * windowMs)
    expect(kinds.filter((kind) => kind === DENIED).length).toBeGreaterThan(1500)
  })
})

describe('patterns', () => {
  it.each(PATTERN_NAMES)('give whole milliseconds from the start on, never going back: %s', (name) => {
    const arrivals = PATTERNS[name].arrivals({ ...DEFAULTS, limit: 7, windowMs: 333 }, 1234, seededRandom(5))
    let last = 1234
    for (let k = 0; k < 500; k++) {
      const { done, value } = arrivals.next()
      if (done) {
        expect(name).toBe('none')
        return
      }
      expect(value).toSatisfy(Number.isInteger)
      expect(value).toBeGreaterThanOrEqual(last)
      last = value
    }
  })
})
